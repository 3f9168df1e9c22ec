//! Exclusive XML canonicalization without comments, for what a SAML assertion contains. Processing instructions and
//! inclusive prefixes are refused. Source: W3C "Exclusive XML Canonicalization Version 1.0".

use std::collections::BTreeMap;
use std::fmt::Write;

use roxmltree::{Document, Node, NodeType};

const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// The canonical form of an element, without the element that is left out.
pub(super) fn canonical(
    document: &Document<'_>,
    node: Node<'_, '_>,
    without: Option<Node<'_, '_>>,
) -> Result<String, String> {
    let mut out = String::new();
    element(document, node, without, &BTreeMap::new(), &mut out)?;
    Ok(out)
}

fn element(
    document: &Document<'_>,
    node: Node<'_, '_>,
    without: Option<Node<'_, '_>>,
    rendered: &BTreeMap<String, String>,
    out: &mut String,
) -> Result<(), String> {
    let source = document.input_text();
    let name = qualified_name(source, node);
    let prefix = |name: &str| name.split_once(':').map_or("", |(prefix, _)| prefix).to_owned();
    // A namespace is declared where its prefix is used, unless an ancestor in the output has declared the same.
    let mut used = BTreeMap::from([(prefix(&name), node.tag_name().namespace().unwrap_or_default().to_owned())]);
    let mut attributes = Vec::new();
    for attribute in node.attributes() {
        let name = &source[attribute.range_qname()];
        let namespace = attribute.namespace().unwrap_or_default();
        if !prefix(name).is_empty() && namespace != XML {
            used.insert(prefix(name), namespace.to_owned());
        }
        attributes.push((namespace.to_owned(), attribute.name().to_owned(), name.to_owned(), attribute.value()));
    }
    attributes.sort();
    let mut scope = rendered.clone();
    let mut declared = String::new();
    for (prefix, namespace) in used {
        let known = scope.get(&prefix).map_or("", String::as_str);
        if known != namespace {
            let colon = if prefix.is_empty() { "" } else { ":" };
            // Writing to a text cannot fail.
            let _ = write!(declared, " xmlns{colon}{prefix}=\"{}\"", escape_attribute(&namespace));
            scope.insert(prefix, namespace);
        }
    }
    let _ = write!(out, "<{name}{declared}");
    for (_, _, name, value) in attributes {
        let _ = write!(out, " {name}=\"{}\"", escape_attribute(value));
    }
    out.push('>');
    for child in node.children().filter(|child| Some(*child) != without) {
        match child.node_type() {
            NodeType::Element => element(document, child, without, &scope, out)?,
            NodeType::Text => out.push_str(&escape_text(child.text().unwrap_or_default())),
            NodeType::Comment => {}
            NodeType::PI | NodeType::Root => return Err("a processing instruction is in the assertion".to_owned()),
        }
    }
    let _ = write!(out, "</{name}>");
    Ok(())
}

/// The name with its prefix, which only the source knows.
fn qualified_name(source: &str, node: Node<'_, '_>) -> String {
    let text = source[node.range()].trim_start_matches('<');
    let end = text.find(|letter: char| letter.is_whitespace() || matches!(letter, '/' | '>')).unwrap_or(text.len());
    text[..end].to_owned()
}

fn escape_text(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\r', "&#xD;")
}

fn escape_attribute(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
        .replace('\t', "&#x9;")
        .replace('\n', "&#xA;")
        .replace('\r', "&#xD;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, local: &str) -> String {
        let document = Document::parse(text).unwrap();
        let node = document.descendants().find(|node| node.tag_name().name() == local).unwrap();
        canonical(&document, node, None).unwrap()
    }

    #[test]
    fn only_the_namespaces_in_use_are_declared_and_once() {
        let text = r#"<a:r xmlns:a="urn:a" xmlns:b="urn:b" xmlns:c="urn:c"><b:x a:k='1' j="2"><b:y/></b:x></a:r>"#;
        assert_eq!(of(text, "x"), r#"<b:x xmlns:a="urn:a" xmlns:b="urn:b" j="2" a:k="1"><b:y></b:y></b:x>"#);
    }

    #[test]
    fn text_and_attributes_are_escaped_and_comments_left_out() {
        let text = "<r xmlns='urn:d' k='a&quot;&#10;&lt;'>x &amp; &gt; y<!-- no --><![CDATA[<z>]]></r>";
        assert_eq!(of(text, "r"), "<r xmlns=\"urn:d\" k=\"a&quot;&#xA;&lt;\">x &amp; &gt; y&lt;z&gt;</r>");
    }
}
