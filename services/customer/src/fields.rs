//! How the fields of requests are described in the OpenAPI document, as far as a schema can tell a rule.

use utoipa::{
    IntoParams,
    openapi::{
        KnownFormat, Object, ObjectBuilder, Required, SchemaFormat, Type,
        path::{Parameter, ParameterBuilder, ParameterIn},
        schema::SchemaType,
    },
};

use crate::domain::{
    MAX_EMAIL, MAX_FULL_NAME, MAX_SEARCH, NameSearch, PHONE_NUMBER_DIGITS, PasswordRule,
    PhoneSearch, USERNAME_LENGTH,
};

pub(crate) fn username() -> Object {
    text("Visible characters of one script, on one line. Case, width and the length of spaces do not count, nor do spaces around it; names that look alike count as taken.")
        .min_length(Some(*USERNAME_LENGTH.start()))
        .max_length(Some(*USERNAME_LENGTH.end()))
        .build()
}

pub(crate) fn full_name() -> Object {
    text("A person's name, on one line.")
        .min_length(Some(1))
        .max_length(Some(MAX_FULL_NAME))
        .build()
}

pub(crate) fn email() -> Object {
    text("A mail address whose domain can be mailed to. Case and spaces around it do not count, nor how an international domain is spelled.")
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Email)))
        .max_length(Some(MAX_EMAIL))
        .build()
}

pub(crate) fn phone_number() -> Object {
    let (least, most) = (PHONE_NUMBER_DIGITS.start(), PHONE_NUMBER_DIGITS.end());
    text("Digits, with an optional leading +; empty means none.")
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .pattern(Some(format!(r"^ *(\+?[0-9]{{{least},{most}}})? *$")))
        .build()
}

pub(crate) fn avatar_color() -> Object {
    color().build()
}

/// Black, when it is left out.
pub(crate) fn avatar_color_or_black() -> Object {
    color()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .build()
}

pub(crate) fn new_password() -> Object {
    let PasswordRule { min, max } = PasswordRule::default();
    text("Any characters, but not a common password, nor one made of what is known about its owner. An operator may set other lengths.")
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Password)))
        .min_length(Some(min))
        .max_length(Some(max))
        .build()
}

impl IntoParams for NameSearch {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let part = text("A part of a name; case and accents do not count.")
            .min_length(Some(1))
            .max_length(Some(MAX_SEARCH));
        vec![in_path("fullName", part)]
    }
}

impl IntoParams for PhoneSearch {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let part = text("A part of a number: at least 8 digits, or 4 of people whom the caller shares a room with. Fewer find no one. National and `+` forms are one number.")
            .pattern(Some(r"^ *\+?[0-9]+ *$"));
        vec![in_path("phoneNumber", part)]
    }
}

fn in_path(name: &str, schema: ObjectBuilder) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .schema(Some(schema))
        .build()
}

fn color() -> ObjectBuilder {
    text("A colour, `#RRGGBB`.")
        .pattern(Some("^#[0-9A-Fa-f]{6}$"))
        .examples(["#4CAF50"])
}

fn text(description: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(description))
}
