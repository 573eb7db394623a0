//! How answers are described in the OpenAPI documents, so that a handler names in a word what it may refuse with.
//!
//! A handler lists what its service itself refuses. What is refused before it, by what admits requests, is added
//! where that is known: by the gateway for its own document, by [`of_service`] for the document of a service.

use std::{borrow::Cow, collections::BTreeMap};

use utoipa::{
    IntoResponses, PartialSchema, ToSchema,
    openapi::{
        Components, Content, Header, HttpMethod, Object, ObjectBuilder, Ref, RefOr, Response,
        ResponseBuilder, Schema, Type,
        path::{Operation, PathItem},
        security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
};

use crate::envelope::AuthAnswer;

pub use utoipa::openapi::OpenApi;

/// An error's answer: the envelope with `success` false and no data.
#[derive(Debug)]
pub struct Refusal;

impl PartialSchema for Refusal {
    fn schema() -> RefOr<Schema> {
        let success = ObjectBuilder::new()
            .schema_type(Type::Boolean)
            .enum_values(Some([false]));
        let message = ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("One sentence for a person."));
        let data = ObjectBuilder::new().schema_type(Type::Null);
        ObjectBuilder::new()
            .description(Some("Why a call was refused."))
            .property("success", success)
            .property("message", message)
            .property("data", data)
            .required("success")
            .required("message")
            .required("data")
            .into()
    }
}

impl ToSchema for Refusal {
    fn name() -> Cow<'static, str> {
        "Refusal".into()
    }
}

/// The `data` of an answer that has none: null.
#[derive(Debug)]
pub struct Nothing;

impl PartialSchema for Nothing {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::Null).into()
    }
}

impl ToSchema for Nothing {
    fn name() -> Cow<'static, str> {
        "Nothing".into()
    }
}

/// A text of a request that is not blank, holds no NUL and has at most so many characters.
#[must_use]
pub fn text(description: &str, longest: usize) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(description))
        .min_length(Some(1))
        .max_length(Some(longest))
        // NUL and NEL are no white space to JavaScript: said apart.
        .pattern(Some(r"^[^\u0000]*[^\s\u0000\u0085][^\u0000]*$"))
        .build()
}

macro_rules! answers {
    ($($(#[$doc:meta])* $name:ident of $body:ident { $($status:literal: $text:literal),+ $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name;

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                BTreeMap::from([$(
                    ($status.to_owned(), answer($text, &$body::name()).into())
                ),+])
            }
        }
    )+};
}

answers! {
    /// Something in the path or in a parameter breaks a rule.
    Invalid of Refusal { "400": "The request is malformed or breaks a rule." }
    /// What can be wrong with a body.
    BadBody of Refusal {
        "400": "The body is not JSON, lacks a field, has a field of the wrong type, or breaks a rule.",
        "413": "The body is over 256 KiB.",
        "415": "The body is not application/json.",
    }
    /// [`BadBody`] in the shape of the auth answers.
    BadAuthBody of AuthAnswer {
        "400": "The body is not JSON, lacks a field, or has a field of the wrong type.",
        "413": "The body is over 256 KiB.",
        "415": "The body is not application/json.",
    }
    /// A known identity that may not do this.
    Forbidden of Refusal { "403": "The caller may not do this." }
    /// Nothing is there.
    NotFound of Refusal { "404": "There is nothing here." }
    /// An idempotency key came back with another body (decision 2).
    KeyReused of Refusal { "422": "The Idempotency-Key was already used for a different request." }
    /// Too many tries.
    TooMany of Refusal { "429": "Too many tries. Retry-After says when to try again." }
}

/// An answer with the schema of that name as its JSON body.
#[must_use]
pub fn answer(description: &str, schema: &str) -> Response {
    ResponseBuilder::new()
        .description(description)
        .content(
            "application/json",
            Content::new(Some(Ref::from_schema_name(schema))),
        )
        .build()
}

/// Completes what a router collected: the schemas that [the sets](BadBody) refer to, and the headers that every answer
/// has.
pub fn complete(openapi: &mut OpenApi) {
    let components = openapi.components.get_or_insert_with(Components::new);
    components
        .schemas
        .insert(Refusal::name().into(), Refusal::schema());
    components
        .schemas
        .insert(AuthAnswer::name().into(), AuthAnswer::schema());
    for item in openapi.paths.paths.values_mut() {
        for (_, operation) in operations(item) {
            for (status, response) in &mut operation.responses.responses {
                if let RefOr::T(response) = response {
                    add_headers(status, response);
                }
            }
        }
    }
}

/// The document of a service, as it answers on its own port: every route needs a service credential.
#[must_use]
pub fn of_service(name: &str, mut openapi: OpenApi) -> OpenApi {
    const SCHEME: &str = "serviceCredential";
    let credential = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some(
            "A token that is valid for at most 60 s, from a service that may call this one.",
        ));
    openapi.info.title = name.to_owned();
    openapi
        .components
        .get_or_insert_with(Components::new)
        .add_security_scheme(SCHEME, SecurityScheme::Http(credential.build()));
    openapi.security = Some(vec![SecurityRequirement::new::<_, [&str; 0], _>(
        SCHEME,
        [],
    )]);
    for item in openapi.paths.paths.values_mut() {
        for (_, operation) in operations(item) {
            for (status, text) in [
                ("401", "The service credential is missing or not accepted."),
                ("503", "A part that is needed is down or slow."),
            ] {
                or_answer(operation, status, text, &Refusal::name());
            }
        }
    }
    complete(&mut openapi);
    openapi
}

/// Adds an answer that an operation does not have yet.
pub fn or_answer(operation: &mut Operation, status: &str, description: &str, schema: &str) {
    operation
        .responses
        .responses
        .entry(status.to_owned())
        .or_insert_with(|| answer(description, schema).into());
}

/// The operations of a path, with their methods.
pub fn operations(item: &mut PathItem) -> impl Iterator<Item = (HttpMethod, &mut Operation)> {
    [
        (HttpMethod::Get, &mut item.get),
        (HttpMethod::Put, &mut item.put),
        (HttpMethod::Post, &mut item.post),
        (HttpMethod::Delete, &mut item.delete),
        (HttpMethod::Options, &mut item.options),
        (HttpMethod::Head, &mut item.head),
        (HttpMethod::Patch, &mut item.patch),
        (HttpMethod::Trace, &mut item.trace),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

fn add_headers(status: &str, response: &mut Response) {
    let mut add = |name: &str, description: &str, schema: ObjectBuilder| {
        let mut header = Header::new(schema.build());
        header.description = Some(description.to_owned());
        response.headers.insert(name.to_owned(), header.into());
    };
    let request_id = ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some("^[A-Za-z0-9_-]{1,64}$"));
    add(
        "X-Request-Id",
        "Identifies the call in our logs.",
        request_id,
    );
    if matches!(status, "429" | "503") {
        let seconds = ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(1));
        add("Retry-After", "Try again after this many seconds.", seconds);
    }
}
