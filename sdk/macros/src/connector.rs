//! `#[connector]`: tells the handlers of an `impl` block by their signatures and writes the `Connector` beside it.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{
    Attribute, Error, FnArg, GenericArgument, Ident, ImplItem, ImplItemFn, ItemImpl, PathArguments, Result, ReturnType,
    Type, spanned::Spanned,
};

const SHAPE: &str = "a method of a `#[connector]` block is one of\n\
    - `fn any_name(&self, call: &Call, input: I) -> Result<O, Failure>`, which answers the intent of `I`\n\
    - `fn any_name(&self, call: &Call, input: I) -> Result<Settled<O>, Failure>`, which looks whether that write happened\n\
    - `fn receive(&self, delivery: &Delivery) -> Result<Vec<Event>, Failure>`\n\
    - `fn poll(&self, poll: &Poll) -> Result<EventPage, Failure>`\n\
    put other functions into an `impl` block without `#[connector]`";

struct Handler {
    method: Ident,
    input: Type,
    output: Type,
    cfgs: Vec<Attribute>,
}

pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> Result<TokenStream> {
    if !arguments.is_empty() {
        return Err(Error::new(arguments.span(), "`#[connector]` takes no arguments"));
    }
    let block: ItemImpl = syn::parse2(item)?;
    if let Some((_, path, _)) = &block.trait_ {
        return Err(Error::new(path.span(), "`#[connector]` stands on an `impl` block without a trait"));
    }
    if !block.generics.params.is_empty() {
        return Err(Error::new(block.generics.span(), "a connector has no generic parameters"));
    }
    let Some(connector) = plain_ident(&block.self_ty) else {
        return Err(Error::new(block.self_ty.span(), "a connector is a unit struct of this module: `struct Shopify;`"));
    };

    let (mut handlers, mut settlers, mut passed_on) = (Vec::new(), Vec::new(), TokenStream::new());
    for item in &block.items {
        let ImplItem::Fn(method) = item else {
            return Err(Error::new(item.span(), SHAPE));
        };
        let name = &method.sig.ident;
        if name == "receive" {
            check_fixed(method, "Delivery")?;
            passed_on.extend(quote_spanned! {name.span()=>
                fn receive(&self, delivery: &::jackfield_sdk::events::Delivery)
                    -> ::core::result::Result<::std::vec::Vec<::jackfield_sdk::events::Event>, ::jackfield_sdk::Failure>
                {
                    #connector::receive(self, delivery)
                }
            });
        } else if name == "poll" {
            check_fixed(method, "Poll")?;
            passed_on.extend(quote_spanned! {name.span()=>
                fn poll(&self, poll: &::jackfield_sdk::events::Poll)
                    -> ::core::result::Result<::jackfield_sdk::events::EventPage, ::jackfield_sdk::Failure>
                {
                    #connector::poll(self, poll)
                }
            });
        } else {
            let mut handler = handler(method)?;
            match settled_type(&handler.output).cloned() {
                Some(output) => {
                    handler.output = output;
                    settlers.push(handler);
                }
                None => handlers.push(handler),
            }
        }
    }
    if handlers.is_empty() && passed_on.is_empty() {
        return Err(Error::new(
            block.self_ty.span(),
            "this connector answers nothing: it needs a method for an intent",
        ));
    }

    let arms = handlers.iter().map(|Handler { method, input, output, cfgs }| {
        // The answer's type is checked where it is written, so that the complaint points there.
        quote_spanned! {output.span()=>
            #(#cfgs)*
            if intent == <#input as ::jackfield_sdk::__private::Intent>::NAME {
                return ::jackfield_sdk::__private::answer::<#input, #output>(
                    input,
                    |input| #connector::#method(self, call, input),
                );
            }
        }
    });
    let descriptions = handlers.iter().map(|Handler { input, cfgs, .. }| {
        quote!(#(#cfgs)* { intents.push(::jackfield_sdk::__private::Probe::<#input>::NEW.description()); })
    });
    let settling_arms = settlers.iter().map(|Handler { method, input, output, cfgs }| {
        quote_spanned! {output.span()=>
            #(#cfgs)*
            if intent == <#input as ::jackfield_sdk::__private::Intent>::NAME {
                return ::jackfield_sdk::__private::settled::<#input, #output>(
                    input,
                    |input| #connector::#method(self, call, input),
                );
            }
        }
    });
    let settled_names = settlers.iter().map(name_of);
    let handled_names: Vec<TokenStream> = handlers.iter().map(name_of).collect();
    let settles = (!settlers.is_empty()).then(|| {
        quote! {
            fn settle(&self, call: &::jackfield_sdk::Call, input: &str) -> ::core::result::Result<
                ::jackfield_sdk::Settled<::std::string::String>,
                ::jackfield_sdk::Failure,
            > {
                let intent = call.intent();
                #(#settling_arms)*
                ::core::result::Result::Ok(::jackfield_sdk::Settled::Unknown)
            }
        }
    });
    let answers = distinct(&handlers, "answers an intent that a method before it answers already");
    let looks = distinct(&settlers, "settles an intent that a method before it settles already");
    let of_writes = settlers.iter().map(|Handler { method, input, cfgs, .. }| {
        let not_handled = format!("`{method}` settles an intent that no method of this block answers");
        let not_a_write = format!("`{method}` settles an intent that only reads");
        quote_spanned! {method.span()=>
            #(#cfgs)*
            const _: () = {
                ::core::assert!(
                    ::jackfield_sdk::__private::is_among(
                        <#input as ::jackfield_sdk::__private::Intent>::NAME,
                        &[#(#handled_names),*],
                    ),
                    #not_handled
                );
                ::core::assert!(
                    ::jackfield_sdk::__private::writes(<#input as ::jackfield_sdk::__private::Intent>::EFFECT),
                    #not_a_write
                );
            };
        }
    });

    Ok(quote! {
        #block

        #answers
        #looks
        #(#of_writes)*

        // A native build has no exports, and is not to call the connector unused for that.
        const _: fn() -> #connector = <#connector as ::jackfield_sdk::Connector>::new;

        impl ::jackfield_sdk::Connector for #connector {
            fn new() -> Self {
                Self
            }

            fn describe(&self) -> ::jackfield_sdk::connector::Description {
                #[allow(unused_imports, reason = "not used where all intents are the connector's own")]
                use ::jackfield_sdk::__private::FromCatalogue as _;
                #[allow(unused_mut, reason = "not changed where there is no intent")]
                let mut intents = ::std::vec::Vec::new();
                #(#descriptions)*
                ::jackfield_sdk::connector::Description::new(
                    ::jackfield_sdk::__private::settling(intents, &[#(#settled_names),*]),
                )
            }

            #[allow(unused_variables, reason = "not used where there is no intent")]
            fn handle(&self, call: &::jackfield_sdk::Call, input: &str)
                -> ::core::result::Result<::std::string::String, ::jackfield_sdk::Failure>
            {
                let intent = call.intent();
                #(#arms)*
                ::core::result::Result::Err(::jackfield_sdk::__private::unknown_intent(intent))
            }

            #settles

            #passed_on
        }

        #[cfg(target_family = "wasm")]
        ::jackfield_sdk::__private::export!(#connector with_types_in ::jackfield_sdk::__private::bindings);
    })
}

/// One method per intent, or the compiler says which is one too many.
fn distinct(handlers: &[Handler], complaint: &str) -> TokenStream {
    let asserted = handlers.iter().enumerate().map(|(at, Handler { method, input, cfgs, .. })| {
        let complaint = format!("`{method}` {complaint}");
        let before = handlers[..at].iter().map(name_of);
        quote_spanned! {method.span()=>
            #(#cfgs)*
            const _: () = ::core::assert!(
                !::jackfield_sdk::__private::is_among(
                    <#input as ::jackfield_sdk::__private::Intent>::NAME,
                    &[#(#before),*],
                ),
                #complaint
            );
        }
    });
    quote!(#(#asserted)*)
}

/// The name of the intent that a method is about, as an element of a list.
fn name_of(Handler { input, cfgs, .. }: &Handler) -> TokenStream {
    quote!(#(#cfgs)* <#input as ::jackfield_sdk::__private::Intent>::NAME)
}

fn plain_ident(ty: &Type) -> Option<&Ident> {
    match ty {
        Type::Path(path) if path.qself.is_none() => path.path.get_ident(),
        _ => None,
    }
}

/// `(&self, &Call, I) -> Result<O, _>`.
fn handler(method: &ImplItemFn) -> Result<Handler> {
    let wrong = || Error::new(method.sig.ident.span(), SHAPE);
    let signature = &method.sig;
    let plain = signature.generics.params.is_empty()
        && signature.asyncness.is_none()
        && signature.unsafety.is_none()
        && signature.abi.is_none()
        && signature.variadic.is_none();
    let mut arguments = signature.inputs.iter();
    let (Some(receiver), Some(call), Some(FnArg::Typed(input)), None) =
        (arguments.next(), arguments.next(), arguments.next(), arguments.next())
    else {
        return Err(wrong());
    };
    if !plain || !is_ref_self(receiver) || !is_ref_to(call, "Call") {
        return Err(wrong());
    }
    let output = ok_type(&signature.output).ok_or_else(wrong)?;
    Ok(Handler {
        method: signature.ident.clone(),
        input: (*input.ty).clone(),
        output: output.clone(),
        cfgs: method.attrs.iter().filter(|attribute| attribute.path().is_ident("cfg")).cloned().collect(),
    })
}

/// `(&self, &Argument) -> ..`; the rest is checked where the trait's method calls it.
fn check_fixed(method: &ImplItemFn, argument: &str) -> Result<()> {
    let mut arguments = method.sig.inputs.iter();
    match (arguments.next(), arguments.next(), arguments.next()) {
        (Some(receiver), Some(only), None) if is_ref_self(receiver) && is_ref_to(only, argument) => Ok(()),
        _ => Err(Error::new(method.sig.ident.span(), SHAPE)),
    }
}

fn is_ref_self(argument: &FnArg) -> bool {
    matches!(argument, FnArg::Receiver(receiver) if receiver.reference.is_some() && receiver.mutability.is_none())
}

fn is_ref_to(argument: &FnArg, name: &str) -> bool {
    let FnArg::Typed(argument) = argument else { return false };
    let Type::Reference(reference) = &*argument.ty else { return false };
    let Type::Path(path) = &*reference.elem else { return false };
    reference.mutability.is_none() && path.path.segments.last().is_some_and(|last| last.ident == name)
}

/// The `O` of `Result<O, _>`.
fn ok_type(output: &ReturnType) -> Option<&Type> {
    let ReturnType::Type(_, ty) = output else { return None };
    first_argument(ty, "Result")
}

/// The `O` of `Settled<O>`.
fn settled_type(output: &Type) -> Option<&Type> {
    first_argument(output, "Settled")
}

/// The first of a generic type's arguments.
fn first_argument<'t>(ty: &'t Type, name: &str) -> Option<&'t Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last().filter(|last| last.ident == name)?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    match arguments.args.first()? {
        GenericArgument::Type(ok) => Some(ok),
        _ => None,
    }
}
