//! The document for clients: every service's routes under its prefix, with what the gateway itself answers to them.

use std::collections::BTreeSet;

use colloquy_chassis::ServiceName;
use colloquy_contracts::openapi::{complete, operations, or_answer};
use colloquy_credentials::session_token::JWT_TOKEN;
use utoipa::openapi::{
    Components, Info, OpenApi, Paths,
    path::Operation,
    security::{ApiKey, ApiKeyValue, SecurityRequirement, SecurityScheme},
    tag::TagBuilder,
};

use crate::route_path::{PREFIXES, is_public};

const SESSION: &str = "session";
const ABOUT: &str = "Logging in sets the session cookie, which every call but the public ones needs. Unknown \
    fields are ignored. Ids are whole numbers below 2^53. Live updates are pushed over STOMP at /ws/chat.";

/// Joins what the services answer into what clients see. Internal routes are left out, and whatever only they mention;
/// a service without a prefix is left out altogether.
#[must_use]
pub fn for_clients(services: impl IntoIterator<Item = (ServiceName, OpenApi)>) -> OpenApi {
    let mut info = Info::new("Colloquy", env!("CARGO_PKG_VERSION"));
    info.description = Some(ABOUT.to_owned());
    let mut document = OpenApi::new(info, Paths::new());
    for (service, openapi) in services {
        let prefix = PREFIXES.iter().find(|(_, of)| *of == service);
        if let Some((prefix, _)) = prefix {
            document.merge(behind(prefix, openapi));
        }
    }
    complete(&mut document);
    let components = document.components.get_or_insert_with(Components::new);
    components.add_security_scheme(
        SESSION,
        SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(
            JWT_TOKEN,
            "Set by a login and cleared by a logout.",
        ))),
    );
    document.security = Some(vec![session()]);
    drop_unmentioned(&mut document);
    document
}

/// A service's document as clients of the gateway use it.
fn behind(prefix: &str, mut openapi: OpenApi) -> OpenApi {
    let own = std::mem::take(&mut openapi.paths.paths);
    for (path, mut item) in own {
        if path.starts_with("/internal/") {
            continue;
        }
        let path = format!("/{prefix}{path}");
        for (_, operation) in operations(&mut item) {
            operation.tags = Some(vec![prefix.to_owned()]);
            admit(&path, operation);
        }
        openapi.paths.paths.insert(path, item);
    }
    openapi.tags = Some(vec![TagBuilder::new().name(prefix).build()]);
    openapi
}

/// What the gateway answers before a service is asked, and instead of one that does not answer. Under `/auth` most of
/// that has the shape of the auth answers; what does not depend on the path has not.
fn admit(path: &str, operation: &mut Operation) {
    let shape = if path.starts_with("/auth/") {
        "AuthAnswer"
    } else {
        "Refusal"
    };
    if is_public(path) {
        operation.security = Some(Vec::new());
    } else {
        operation.security = Some(vec![session()]);
        or_answer(
            operation,
            "401",
            "There is no session; a cookie that was sent is cleared.",
            shape,
        );
    }
    for (status, description, shape) in [
        ("400", "The path or the body cannot be read.", shape),
        ("403", "Pages from other origins may not call.", "Refusal"),
        ("413", "The body is over 256 KiB.", shape),
        ("415", "The body is not application/json.", shape),
        (
            "421",
            "The request names a host that is not served here.",
            "Refusal",
        ),
        ("502", "A service's answer could not be read.", shape),
        (
            "503",
            "A part that is needed is down or slow. Please try again.",
            shape,
        ),
    ] {
        or_answer(operation, status, description, shape);
    }
}

fn session() -> SecurityRequirement {
    SecurityRequirement::new::<_, [&str; 0], _>(SESSION, [])
}

/// Keeps the schemas that a path mentions, or that one of those mentions.
fn drop_unmentioned(document: &mut OpenApi) {
    let Some(components) = &mut document.components else {
        return;
    };
    let mut mentioned = BTreeSet::new();
    let mut texts = vec![serde_json::to_string(&document.paths).unwrap_or_default()];
    while let Some(text) = texts.pop() {
        for name in references(&text) {
            if let Some(schema) = components.schemas.get(name)
                && mentioned.insert(name.to_owned())
            {
                texts.push(serde_json::to_string(schema).unwrap_or_default());
            }
        }
    }
    components
        .schemas
        .retain(|name, _| mentioned.contains(name));
}

fn references(text: &str) -> impl Iterator<Item = &str> {
    text.split("\"#/components/schemas/")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use utoipa::{
        PartialSchema as _,
        openapi::{HttpMethod, PathItem, Ref, path::OperationBuilder},
    };

    use super::*;

    fn operation(schema: &str) -> OperationBuilder {
        let answer = utoipa::openapi::ResponseBuilder::new()
            .description("Done.")
            .content(
                "application/json",
                utoipa::openapi::Content::new(Some(Ref::from_schema_name(schema))),
            );
        OperationBuilder::new().response("200", answer)
    }

    /// A service with these routes; each answers a schema that is named like its path and holds another.
    fn service(paths: &[&str]) -> OpenApi {
        let mut openapi = OpenApi::new(Info::new("service", "1"), Paths::new());
        let components = openapi.components.get_or_insert_with(Components::new);
        for path in paths {
            let outer = path.replace('/', "");
            let inner = format!("{outer}Inner");
            let holds = utoipa::openapi::ObjectBuilder::new()
                .property("inner", Ref::from_schema_name(inner.as_str()));
            components.schemas.insert(outer.clone(), holds.into());
            components.schemas.insert(inner, i64::schema());
            let item = PathItem::new(HttpMethod::Post, operation(&outer));
            openapi.paths.paths.insert((*path).to_owned(), item);
        }
        openapi
    }

    fn document() -> Value {
        let openapi = for_clients([
            (ServiceName::Auth, service(&["/login", "/internal/tell"])),
            (ServiceName::Customer, service(&["/info"])),
            (ServiceName::Mail, service(&["/send"])),
        ]);
        serde_json::to_value(openapi).unwrap()
    }

    #[test]
    fn contract_3_documents_paths_have_their_prefix_and_internal_ones_are_left_out() {
        let document = document();
        let paths: Vec<_> = document["paths"].as_object().unwrap().keys().collect();
        assert_eq!(paths, ["/auth/login", "/customer/info"]);
    }

    #[test]
    fn contract_3_documents_schemas_are_those_that_clients_meet() {
        let document = document();
        let schemas = document["components"]["schemas"].as_object().unwrap();
        let names: Vec<_> = schemas.keys().collect();
        assert_eq!(
            names,
            [
                "AuthAnswer",
                "Refusal",
                "info",
                "infoInner",
                "login",
                "loginInner"
            ]
        );
    }

    #[test]
    fn contract_3_documents_public_paths_need_no_cookie_and_all_else_does() {
        let document = document();
        let login = &document["paths"]["/auth/login"]["post"];
        assert_eq!(login["security"], json!([]));
        assert_eq!(login["responses"]["401"], Value::Null);
        let info = &document["paths"]["/customer/info"]["post"];
        assert_eq!(info["security"], json!([{"session": []}]));
        assert!(info["responses"]["401"].is_object());
        assert_eq!(
            document["components"]["securitySchemes"]["session"]["name"],
            JWT_TOKEN
        );
    }

    #[test]
    fn contract_2_documents_refusals_of_the_gateway_have_the_shape_of_the_path() {
        let document = document();
        for (path, status, schema) in [
            ("/auth/login", "503", "AuthAnswer"),
            ("/auth/login", "421", "Refusal"),
            ("/customer/info", "503", "Refusal"),
            ("/customer/info", "401", "Refusal"),
        ] {
            let answer = &document["paths"][path]["post"]["responses"][status];
            assert_eq!(
                answer["content"]["application/json"]["schema"]["$ref"],
                format!("#/components/schemas/{schema}"),
                "{path} {status}"
            );
            assert!(answer["headers"]["X-Request-Id"].is_object());
        }
    }
}
