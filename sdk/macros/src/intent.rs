//! `#[derive(Intent)]`: the attribute's keys, judged here as far as a macro can.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{DeriveInput, Error, Expr, ExprLit, Lit, LitStr, Meta, Result, Type, spanned::Spanned};

#[derive(Default)]
struct Keys {
    name: Option<LitStr>,
    effect: Option<LitStr>,
    output: Option<Type>,
    title: Option<Expr>,
    description: Option<Expr>,
    template: Option<Expr>,
    input_schema: Option<Expr>,
    output_schema: Option<Expr>,
}

pub(crate) fn expand(item: TokenStream) -> Result<TokenStream> {
    let input: DeriveInput = syn::parse2(item)?;
    if !input.generics.params.is_empty() {
        return Err(Error::new(input.generics.span(), "an intent's input has no generic parameters"));
    }
    let keys = read_keys(&input)?;
    let missing = |key: &str, form: &str| {
        Error::new(input.ident.span(), format!("this intent lacks `{key}`: write `#[intent({key} = {form}, ..)]`"))
    };
    let name = keys.name.ok_or_else(|| missing("name", "\"system.thing.verb\""))?;
    check_name(&name)?;
    let effect = effect(&keys.effect.ok_or_else(|| missing("effect", "\"read\""))?)?;
    let output = keys.output.ok_or_else(|| missing("output", "TypeOfTheAnswer"))?;
    let input_schema = keys.input_schema.ok_or_else(|| missing("input_schema", "include_str!(\"..\")"))?;

    let optional = |value: Option<Expr>| match value {
        Some(value) => quote!(::core::option::Option::Some(#value)),
        None => quote!(::core::option::Option::None),
    };
    let title = optional(keys.title);
    let description = optional(keys.description.or_else(|| doc_comment(&input)));
    let template = optional(keys.template);
    let of_input = format!("{} (input)", name.value());
    let of_output = format!("{} (output)", name.value());
    let (output_schema, output_model) = match keys.output_schema {
        Some(text) => (
            quote!(::core::option::Option::Some(::jackfield_sdk::__private::schema(#of_output, #text))),
            quote!(::core::option::Option::None),
        ),
        None => {
            let model = last_segment(&output)?;
            (quote!(::core::option::Option::None), quote!(::core::option::Option::Some(#model)))
        }
    };
    let ident = &input.ident;
    Ok(quote! {
        #[automatically_derived]
        impl ::jackfield_sdk::__private::Intent for #ident {
            type Output = #output;
            const NAME: &'static str = #name;
            const EFFECT: ::jackfield_sdk::__private::Effect = ::jackfield_sdk::__private::Effect::#effect;
        }

        #[automatically_derived]
        impl ::jackfield_sdk::__private::OwnIntent for #ident {
            fn description() -> ::jackfield_sdk::__private::IntentDescription {
                ::jackfield_sdk::__private::IntentDescription {
                    name: #name,
                    effect: ::jackfield_sdk::__private::Effect::#effect,
                    settles: false,
                    title: #title,
                    description: #description,
                    input_schema: ::core::option::Option::Some(::jackfield_sdk::__private::schema(#of_input, #input_schema)),
                    output_schema: #output_schema,
                    output_model: #output_model,
                    template: #template,
                }
            }
        }
    })
}

fn read_keys(input: &DeriveInput) -> Result<Keys> {
    let mut keys = Keys::default();
    for attribute in input.attrs.iter().filter(|attribute| attribute.path().is_ident("intent")) {
        attribute.parse_nested_meta(|meta| {
            let key = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
            match key.as_str() {
                "name" => keys.name = Some(meta.value()?.parse()?),
                "effect" => keys.effect = Some(meta.value()?.parse()?),
                "output" => keys.output = Some(meta.value()?.parse()?),
                "title" => keys.title = Some(meta.value()?.parse()?),
                "description" => keys.description = Some(meta.value()?.parse()?),
                "template" => keys.template = Some(meta.value()?.parse()?),
                "input_schema" => keys.input_schema = Some(meta.value()?.parse()?),
                "output_schema" => keys.output_schema = Some(meta.value()?.parse()?),
                _ => {
                    return Err(meta.error(
                        "no such key; there are `name`, `effect`, `output`, `title`, `description`, `template`, \
                         `input_schema`, `output_schema`",
                    ));
                }
            }
            Ok(())
        })?;
    }
    Ok(keys)
}

/// Two or more words in lower case with dots between.
fn check_name(name: &LitStr) -> Result<()> {
    let value = name.value();
    let word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_lowercase())
            && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    if value.contains('.') && value.split('.').all(word) {
        return Ok(());
    }
    Err(Error::new(
        name.span(),
        "an intent's name is two or more words in lower case with dots between, such as `zendesk.macro.apply`",
    ))
}

fn effect(effect: &LitStr) -> Result<syn::Ident> {
    let variant = match effect.value().as_str() {
        "read" => "Read",
        "create" => "Create",
        "update" => "Update",
        "delete" => "Delete",
        _ => return Err(Error::new(effect.span(), "an effect is `read`, `create`, `update` or `delete`")),
    };
    Ok(syn::Ident::new(variant, Span::call_site()))
}

fn last_segment(output: &Type) -> Result<String> {
    match output {
        Type::Path(path) if path.path.segments.last().is_some_and(|last| last.arguments.is_empty()) => {
            Ok(path.path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default())
        }
        _ => Err(Error::new(output.span(), "this output is no model of the catalogue: write `output_schema = ..`")),
    }
}

/// The type's doc comment on one line.
fn doc_comment(input: &DeriveInput) -> Option<Expr> {
    let mut text = String::new();
    for attribute in &input.attrs {
        let Meta::NameValue(meta) = &attribute.meta else { continue };
        let Expr::Lit(ExprLit { lit: Lit::Str(line), .. }) = &meta.value else { continue };
        if meta.path.is_ident("doc") {
            let line = line.value();
            if !text.is_empty() && !line.trim().is_empty() {
                text.push(' ');
            }
            text.push_str(line.trim());
        }
    }
    let literal = LitStr::new(&text, input.ident.span());
    (!text.is_empty()).then(|| Expr::Lit(ExprLit { attrs: Vec::new(), lit: Lit::Str(literal) }))
}
