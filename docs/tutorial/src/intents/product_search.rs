//! `product.search`: what the shop sells.

use jackfield_sdk::prelude::*;

use crate::{faults, wire};

/// Articles where the bot does not say how many, and at most.
const ARTICLES_DEFAULT: u32 = 5;
const ARTICLES_MAX: u32 = 20;

/// From this many pieces on there is enough.
const ENOUGH: i64 = 5;

pub(crate) fn run(call: &Call, input: ProductSearchInput) -> Result<ProductList, Failure> {
    let first = input.limit.unwrap_or(ARTICLES_DEFAULT).min(ARTICLES_MAX);
    let found: wire::Articles = call
        .http("api")
        .get(path!("api/articles"))?
        .query("words", &input.query)
        .query("first", first)
        .send()?
        .error_for(faults::failure)?
        .json()?;
    let more = found.total > found.articles.len() as u64;
    Ok(ProductList { products: found.articles.into_iter().map(product).collect(), more })
}

fn product(article: wire::Article) -> Product {
    let price = article.price.money();
    Product {
        id: article.id,
        title: article.name,
        price: Some(PriceRange { min: price.clone(), max: price }),
        availability: match article.stock {
            None => Availability::Unknown,
            Some(ENOUGH..) => Availability::InStock,
            Some(1..) => Availability::LowStock,
            Some(_) => Availability::OutOfStock,
        },
        ..Product::default()
    }
}
