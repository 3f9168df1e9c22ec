//! What the macros say about mistakes. What the compiler says about wrong types is in the examples of `connector`.

use proc_macro2::TokenStream;
use quote::quote;

fn complaint(expanded: syn::Result<TokenStream>) -> String {
    expanded.map(|tokens| format!("no complaint, but {tokens}")).unwrap_or_else(|error| error.to_string())
}

fn connector(item: TokenStream) -> String {
    complaint(crate::connector::expand(TokenStream::new(), item))
}

#[test]
fn a_method_of_another_shape_is_no_handler() {
    for method in [
        quote!(
            fn a(&self, input: I) -> Result<O, Failure> {}
        ),
        quote!(
            fn a(&self, call: Call, input: I) -> Result<O, Failure> {}
        ),
        quote!(
            fn a(&mut self, call: &Call, input: I) -> Result<O, Failure> {}
        ),
        quote!(
            fn a(self, call: &Call, input: I) -> Result<O, Failure> {}
        ),
        quote!(
            fn a(call: &Call, input: I) -> Result<O, Failure> {}
        ),
        quote!(
            fn a(&self, call: &Call, input: I, more: I) -> Result<O, Failure> {}
        ),
        quote!(
            fn a(&self, call: &Call, input: I) -> O {}
        ),
        quote!(
            fn a(&self, call: &Call, input: I) {}
        ),
        quote!(
            fn a<T>(&self, call: &Call, input: T) -> Result<O, Failure> {}
        ),
        quote!(
            async fn a(&self, call: &Call, input: I) -> Result<O, Failure> {}
        ),
        quote!(
            fn a(&self, call: &Call) -> Result<Settled<O>, Failure> {}
        ),
        quote!(
            fn a(&self, call: &Call, input: I) -> Settled<O> {}
        ),
        quote!(
            fn receive(&self, call: &Call) -> Result<Vec<Event>, Failure> {}
        ),
        quote!(
            fn poll(&self) -> Result<EventPage, Failure> {}
        ),
        quote!(
            const A: u32 = 1;
        ),
    ] {
        let said = connector(quote!(impl Shop { #method }));
        assert!(said.starts_with("a method of a `#[connector]` block is one of"), "{method}: {said}");
    }
}

#[test]
fn what_a_method_answers_makes_it_the_one_that_settles() {
    let expanded = crate::connector::expand(
        TokenStream::new(),
        quote!(
            impl Shop {
                fn make(&self, call: &Call, input: I) -> Result<O, Failure> {}
                fn look(&self, call: &Call, input: I) -> Result<Settled<O>, Failure> {}
            }
        ),
    );
    let written = expanded.unwrap().to_string();
    assert!(written.contains("fn settle (& self , call"), "{written}");
    assert!(written.contains("`look` settles an intent that only reads"), "{written}");
    let without = quote!(
        impl Shop {
            fn make(&self, call: &Call, input: I) -> Result<O, Failure> {}
        }
    );
    assert!(!connector(without).contains("fn settle"), "the trait's own answer is enough");
}

#[test]
fn what_is_no_connector_is_said() {
    for (item, said) in [
        (quote!(impl Shop {}), "this connector answers nothing: it needs a method for an intent"),
        (quote!(impl Connector for Shop {}), "`#[connector]` stands on an `impl` block without a trait"),
        (
            quote!(
                impl<T> Shop<T> {}
            ),
            "a connector has no generic parameters",
        ),
        (quote!(impl shop::Shop {}), "a connector is a unit struct of this module: `struct Shopify;`"),
    ] {
        assert_eq!(connector(item), said);
    }
    let with_arguments = crate::connector::expand(quote!(name = "x"), quote!(impl Shop {}));
    assert_eq!(complaint(with_arguments), "`#[connector]` takes no arguments");
}

#[test]
fn an_intents_keys_are_judged() {
    let said = |keys: TokenStream| {
        complaint(crate::intent::expand(quote!(
            #[intent(#keys)]
            struct Input;
        )))
    };
    let rest = quote!(output = O, input_schema = "{}", output_schema = "{}");
    for name in
        ["order", "Order.status", "order.", ".status", "order..status", "order.1", "order status", "order.stätus"]
    {
        assert!(
            said(quote!(name = #name, effect = "read", #rest)).starts_with("an intent's name is two or more words")
        );
    }
    for (keys, expected) in [
        (quote!(effect = "read", #rest), "this intent lacks `name`"),
        (quote!(name = "a.b", #rest), "this intent lacks `effect`"),
        (quote!(name = "a.b", effect = "write", #rest), "an effect is `read`, `create`, `update` or `delete`"),
        (quote!(name = "a.b", effect = "read", input_schema = "{}"), "this intent lacks `output`"),
        (quote!(name = "a.b", effect = "read", output = O), "this intent lacks `input_schema`"),
        (
            quote!(name = "a.b", effect = "read", output = Vec<O>, input_schema = "{}"),
            "this output is no model of the catalogue",
        ),
        (quote!(nmae = "a.b"), "no such key; there are `name`"),
    ] {
        assert!(said(keys.clone()).starts_with(expected), "{keys}: {}", said(keys.clone()));
    }
    assert!(said(quote!(name = "a.b", effect = "read", #rest)).starts_with("no complaint"));
}

#[test]
fn a_path_literal_is_judged_when_it_is_compiled() {
    let said = |path: TokenStream| complaint(crate::path::expand(path));
    for (path, expected) in [
        (quote!("a/../b"), "this path literal holds a dot segment"),
        (quote!("a" / "."), "this path literal holds a dot segment"),
        (quote!("a//b"), "this path literal holds an empty segment"),
        (quote!("a" / "/b"), "this path literal holds an empty segment"),
        (quote!("a/" / "b"), "this path literal holds an empty segment"),
        (quote!("a" / ""), "this path literal holds an empty segment"),
        (quote!("a?b=c"), "this path literal holds a query or fragment"),
        (quote!("a/{id}"), "this path literal holds a character of"),
        (quote!("a%2Fb"), "this path literal holds a character of"),
        (quote!("a b"), "this path literal holds a space or control character"),
    ] {
        assert!(said(path.clone()).starts_with(expected), "{path}: {}", said(path.clone()));
    }
    for path in [quote!("/a/b/"), quote!("a" / id / "b.json"), quote!(id), quote!(a.b()? / format!("{c}.json"))] {
        assert!(said(path.clone()).starts_with("no complaint"), "{path}");
    }
    assert!(said(quote!()).contains("unexpected end of input"));
}
