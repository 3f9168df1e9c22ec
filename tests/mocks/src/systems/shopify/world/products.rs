//! The seed's locations, products, variants and stock. Answers for data only.

use serde_json::{Value, json};

use super::{World, gid, money};

const STAMP: &str = "2026-01-10T08:00:00Z";

struct Product {
    id: u64,
    title: &'static str,
    kind: &'static str,
    status: &'static str,
    published: bool,
    option: &'static str,
    tags: &'static [&'static str],
    variants: &'static [Variant],
}

struct Variant {
    title: &'static str,
    sku: &'static str,
    cents: i64,
    tracked: bool,
    sells_on: bool,
    /// Available in New York and in Berlin.
    stock: [i64; 2],
}

const fn deny(title: &'static str, sku: &'static str, cents: i64, stock: [i64; 2]) -> Variant {
    Variant { title, sku, cents, tracked: true, sells_on: false, stock }
}

const PRODUCTS: &[Product] = &[
    Product {
        id: 632910392,
        title: "Blue T-Shirt",
        kind: "Shirts",
        status: "ACTIVE",
        published: true,
        option: "Size",
        tags: &["summer", "cotton"],
        variants: &[
            deny("S", "BTS-S", 1999, [8, 4]),
            deny("M", "BTS-M", 1999, [12, 3]),
            deny("L", "BTS-L", 1999, [0, 6]),
        ],
    },
    Product {
        id: 632910393,
        title: "Black Jeans",
        kind: "Trousers",
        status: "ACTIVE",
        published: true,
        option: "Size",
        tags: &["denim"],
        variants: &[deny("32/32", "BJN-32", 5900, [20, 10]), deny("34/32", "BJN-34", 5900, [7, 0])],
    },
    Product {
        id: 632910394,
        title: "Canvas Sneakers",
        kind: "Shoes",
        status: "ACTIVE",
        published: true,
        option: "Size",
        tags: &["summer"],
        variants: &[deny("42", "CSN-42", 4950, [15, 5])],
    },
    Product {
        id: 632910395,
        title: "Wool Beanie",
        kind: "Hats",
        status: "ACTIVE",
        published: true,
        option: "Title",
        tags: &["winter"],
        variants: &[deny("Default Title", "WBN-1", 1450, [2, 0])],
    },
    Product {
        id: 632910396,
        title: "Gift Card",
        kind: "Gift Cards",
        status: "ACTIVE",
        published: true,
        option: "Denominations",
        tags: &["gift"],
        variants: &[Variant {
            title: "$25.00",
            sku: "GFT-25",
            cents: 2500,
            tracked: false,
            sells_on: false,
            stock: [0, 0],
        }],
    },
    Product {
        id: 632910397,
        title: "Winter Jacket",
        kind: "Jackets",
        status: "ACTIVE",
        published: true,
        option: "Size",
        tags: &["winter"],
        variants: &[deny("M", "WJK-M", 12900, [0, 0])],
    },
    Product {
        id: 632910398,
        title: "Desk Lamp",
        kind: "Lighting",
        status: "ACTIVE",
        published: true,
        option: "Title",
        tags: &["home"],
        variants: &[Variant {
            title: "Default Title",
            sku: "DLP-1",
            cents: 2990,
            tracked: true,
            sells_on: true,
            stock: [-3, 0],
        }],
    },
    Product {
        id: 632910399,
        title: "Linen Shirt",
        kind: "Shirts",
        status: "DRAFT",
        published: false,
        option: "Size",
        tags: &["summer"],
        variants: &[deny("M", "LSH-M", 3990, [5, 0])],
    },
    Product {
        id: 632910400,
        title: "Staff T-Shirt",
        kind: "Shirts",
        status: "ACTIVE",
        published: false,
        option: "Size",
        tags: &["internal"],
        variants: &[deny("M", "STS-M", 999, [30, 0])],
    },
    // Two variants that share a SKU: the vendor does not make SKUs unique.
    Product {
        id: 632910401,
        title: "Striped Socks",
        kind: "Socks",
        status: "ACTIVE",
        published: true,
        option: "Color",
        tags: &["cotton"],
        variants: &[deny("Red", "SCK-1", 750, [9, 0]), deny("Green", "SCK-1", 750, [0, 0])],
    },
];

pub(super) fn seed(world: &mut World) {
    world.locations = vec![
        location(487838321, "New York", "10013", "US", "United States"),
        location(487838322, "Berlin", "10115", "DE", "Germany"),
    ];
    let mut number = 0;
    for product in PRODUCTS {
        for (variant, position) in product.variants.iter().zip(1..) {
            number += 1;
            world.variants.push(variant_of(product, variant, position, number));
        }
        world.products.push(product_of(product));
    }
}

fn location(id: u64, city: &str, zip: &str, code: &str, country: &str) -> Value {
    json!({
        "id": gid("Location", id),
        "legacyResourceId": id.to_string(),
        "name": city,
        "address": {
            "address1": "1 Warehouse Road",
            "city": city,
            "country": country,
            "countryCode": code,
            "formatted": ["1 Warehouse Road", format!("{zip} {city}"), country],
            "zip": zip,
        },
        "createdAt": "2024-05-02T08:00:00Z",
        "updatedAt": STAMP,
        "fulfillsOnlineOrders": true,
        "hasActiveInventory": true,
        "isActive": true,
        "isFulfillmentService": false,
        "shipsInventory": true,
    })
}

fn product_of(product: &Product) -> Value {
    let handle = product.title.to_lowercase().replace(' ', "-");
    let url = format!("https://demo-shop.example/products/{handle}");
    let description = format!("{}: made to last.", product.title);
    let values: Vec<_> = product.variants.iter().map(|variant| variant.title).collect();
    json!({
        "id": gid("Product", product.id),
        "legacyResourceId": product.id.to_string(),
        "title": product.title,
        "handle": handle,
        "status": product.status,
        "vendor": "Acme",
        "productType": product.kind,
        "tags": product.tags,
        "description": description,
        "descriptionHtml": format!("<p>{description}</p>"),
        "createdAt": "2025-06-01T08:00:00Z",
        "updatedAt": STAMP,
        "publishedAt": product.published.then_some("2025-06-02T08:00:00Z"),
        "onlineStoreUrl": product.published.then_some(url),
        "onlineStorePreviewUrl": format!("https://demo-shop.example/products_preview?preview_key={}", product.id),
        "isGiftCard": product.kind == "Gift Cards",
        "hasOnlyDefaultVariant": product.option == "Title",
        "tracksInventory": product.variants.iter().any(|variant| variant.tracked),
        "options": [{
            "id": gid("ProductOption", product.id),
            "name": product.option,
            "position": 1,
            "values": values,
        }],
    })
}

fn variant_of(product: &Product, variant: &Variant, position: u64, number: u64) -> Value {
    let id = 808950800 + number;
    let display = match variant.title {
        "Default Title" => product.title.to_owned(),
        title => format!("{} - {title}", product.title),
    };
    let levels: Vec<_> = variant
        .stock
        .iter()
        .zip([487838321_u64, 487838322])
        .map(|(available, location)| {
            json!({
                "_location": gid("Location", location),
                "available": available,
                "on_hand": available.max(&0) + 1,
                "committed": 1,
                "incoming": if *available <= 0 { 10 } else { 0 },
                "reserved": 0,
                "damaged": 0,
                "quality_control": 0,
                "safety_stock": 0,
            })
        })
        .collect();
    json!({
        "id": gid("ProductVariant", id),
        "legacyResourceId": id.to_string(),
        "_product": gid("Product", product.id),
        "title": variant.title,
        "displayName": display,
        "sku": variant.sku,
        "barcode": format!("40123450{number:04}"),
        "price": money(variant.cents),
        "compareAtPrice": (variant.sku == "BJN-34").then_some("69.00"),
        "inventoryPolicy": if variant.sells_on { "CONTINUE" } else { "DENY" },
        "selectedOptions": [{ "name": product.option, "value": variant.title }],
        "position": position,
        "taxable": true,
        "createdAt": "2025-06-01T08:00:00Z",
        "updatedAt": STAMP,
        "_tracked": variant.tracked,
        "_item": gid("InventoryItem", 39072800 + number),
        "_levels": levels,
    })
}
