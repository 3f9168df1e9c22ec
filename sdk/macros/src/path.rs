//! `path!`: literals are taken apart and judged here, everything else becomes a call of `Path::segment`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{BinOp, Error, Expr, ExprBinary, ExprLit, Lit, LitStr, Result, spanned::Spanned};

pub(crate) fn expand(input: TokenStream) -> Result<TokenStream> {
    let mut segments = Vec::new();
    flatten(syn::parse2(input)?, &mut segments);
    let last = segments.len() - 1;
    let mut calls = TokenStream::new();
    for (at, segment) in segments.iter().enumerate() {
        match segment {
            Expr::Lit(ExprLit { lit: Lit::Str(literal), .. }) => {
                for part in literal_segments(literal, at == 0, at == last)? {
                    calls.extend(quote_spanned!(literal.span()=> .and_then(|path| path.segment(#part))));
                }
                if at == last && literal.value().ends_with('/') {
                    calls.extend(quote!(.map(::jackfield_sdk::__private::with_slash)));
                }
            }
            value => {
                // Evaluated outside the closure, so that `?` and borrows in it mean what they say.
                calls.extend(quote_spanned!(value.span()=> .and_then({
                    let segment = ::std::string::ToString::to_string(&(#value));
                    move |path: ::jackfield_sdk::http::Path| path.segment(segment)
                })));
            }
        }
    }
    Ok(quote!(::core::result::Result::<_, ::jackfield_sdk::Failure>::Ok(::jackfield_sdk::http::Path::root())#calls))
}

/// `a / b / c` is parsed as a division of a division.
fn flatten(expression: Expr, segments: &mut Vec<Expr>) {
    match expression {
        Expr::Binary(ExprBinary { left, op: BinOp::Div(_), right, .. }) => {
            flatten(*left, segments);
            segments.push(*right);
        }
        other => segments.push(other),
    }
}

fn literal_segments(literal: &LitStr, first: bool, last: bool) -> Result<Vec<String>> {
    let value = literal.value();
    let mut rest = value.as_str();
    if first {
        rest = rest.strip_prefix('/').unwrap_or(rest);
    }
    if last {
        rest = rest.strip_suffix('/').unwrap_or(rest);
    }
    let segments: Vec<String> = rest.split('/').map(str::to_owned).collect();
    for segment in &segments {
        let wrong = match segment.as_str() {
            "" => "an empty segment",
            "." | ".." => "a dot segment",
            segment if segment.contains(['?', '#']) => "a query or fragment: use `.query(name, value)`",
            segment if segment.contains(['%', '\\', '{']) => {
                "a character of `%`, `\\`, `{`: write it plain, values stand as expressions between `/`"
            }
            segment if segment.chars().any(|c| c.is_control() || c == ' ') => "a space or control character",
            _ => continue,
        };
        return Err(Error::new(literal.span(), format!("this path literal holds {wrong}")));
    }
    Ok(segments)
}
