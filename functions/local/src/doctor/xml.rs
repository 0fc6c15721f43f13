//! Answers of AWS's query APIs, which are XML.

use roxmltree::{Document, Node};

/// The child elements of `list`, which is the first element with this name at any depth: `routeTableSet` and its `item`s.
pub(super) fn listed<'a, 'input>(document: &'a Document<'input>, list: &str) -> Vec<Node<'a, 'input>> {
    let list = document.descendants().find(|node| node.has_tag_name(list));
    list.into_iter().flat_map(|list| list.children().filter(Node::is_element)).collect()
}

/// The child elements of the child `list`.
pub(super) fn children<'a, 'input>(node: Node<'a, 'input>, list: &str) -> impl Iterator<Item = Node<'a, 'input>> + use<'a, 'input> {
    let list = node.children().find(|child| child.has_tag_name(list));
    list.into_iter().flat_map(|list| list.children().filter(Node::is_element))
}

/// The text of the child with this name; empty if there is none.
pub(super) fn text<'a>(node: Node<'a, '_>, name: &str) -> &'a str {
    node.children().find(|child| child.has_tag_name(name)).and_then(|child| child.text()).unwrap_or_default().trim()
}

/// The text of the first element with this name, at any depth.
pub(super) fn first(xml: &str, name: &str) -> Option<String> {
    let document = Document::parse(xml).ok()?;
    document.descendants().find(|node| node.has_tag_name(name)).and_then(|node| node.text()).map(str::to_owned)
}
