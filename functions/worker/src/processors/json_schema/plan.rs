//! Which types a schema asks for at which place, read once from it, so that an item's walk looks nothing up in JSON.
//!
//! Followed: `type`, `properties`, `additionalProperties`, `items`, `$ref` within the document, `allOf`, and the types
//! of `anyOf` and `oneOf` if every branch names one. Nothing is guessed from anything else.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::refs::Refs;

/// A set of JSON types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Types(u8);

impl Types {
    pub(super) const NULL: Self = Self(1);
    pub(super) const BOOLEAN: Self = Self(2);
    pub(super) const INTEGER: Self = Self(4);
    /// An integer is a number too.
    pub(super) const NUMBER: Self = Self(4 | 8);
    pub(super) const STRING: Self = Self(16);
    const OTHER: Self = Self(32);

    pub(super) fn has(self, all_of: Self) -> bool {
        self.0 & all_of.0 == all_of.0
    }

    fn named(name: &str) -> Self {
        match name {
            "null" => Self::NULL,
            "boolean" => Self::BOOLEAN,
            "integer" => Self::INTEGER,
            "number" => Self::NUMBER,
            "string" => Self::STRING,
            _ => Self::OTHER,
        }
    }

    /// The value of a `type` keyword.
    fn read(keyword: &Value) -> Option<Self> {
        match keyword {
            Value::String(name) => Some(Self::named(name)),
            Value::Array(names) => {
                let named = names.iter().filter_map(Value::as_str).map(Self::named);
                Some(named.fold(Self(0), Self::or))
            }
            _ => None,
        }
    }

    fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

/// The plan of a schema: a node a subschema.
#[derive(Debug, Default)]
pub(super) struct Plan {
    nodes: Vec<Node>,
}

#[derive(Debug, Default)]
struct Node {
    types: Option<Types>,
    properties: BTreeMap<String, usize>,
    other_properties: Option<usize>,
    items: Option<usize>,
    in_place: Vec<usize>,
}

/// The subschemas that apply to one place of an item.
#[derive(Debug, Clone)]
pub(super) struct Place<'a> {
    plan: &'a Plan,
    nodes: Vec<usize>,
}

impl Plan {
    pub(super) fn new(refs: &Refs<'_>) -> Self {
        let mut reader = Reader { refs, numbers: HashMap::new(), open: Vec::new() };
        reader.number(refs.root());
        let mut nodes = BTreeMap::new();
        while let Some((number, schema)) = reader.open.pop() {
            nodes.insert(number, reader.read(schema));
        }
        Self { nodes: nodes.into_values().collect() }
    }

    /// Whether nothing can be converted, whatever the item.
    pub(super) fn is_idle(&self) -> bool {
        !self.nodes.iter().filter_map(|node| node.types).any(|types| !types.has(Types::STRING) && types != Types::OTHER)
    }

    /// The item itself.
    pub(super) fn root(&self) -> Place<'_> {
        Place::of(self, if self.nodes.is_empty() { Vec::new() } else { vec![0] })
    }
}

impl<'a> Place<'a> {
    /// Adds what applies to the same place: `$ref` and `allOf`.
    fn of(plan: &'a Plan, mut nodes: Vec<usize>) -> Self {
        let mut next = 0;
        while let Some(&node) = nodes.get(next) {
            for &also in &plan.nodes[node].in_place {
                if !nodes.contains(&also) {
                    nodes.push(also);
                }
            }
            next += 1;
        }
        Self { plan, nodes }
    }

    /// The types all of them agree on; `None` if none names any.
    pub(super) fn types(&self) -> Option<Types> {
        self.here().filter_map(|node| node.types).reduce(Types::and)
    }

    /// Whether anything is known of its members, and of its elements.
    pub(super) fn looks_within(&self) -> bool {
        self.here().any(|node| !node.properties.is_empty() || node.other_properties.is_some() || node.items.is_some())
    }

    pub(super) fn member(&self, name: &str) -> Self {
        let within = |node: &Node| node.properties.get(name).copied().or(node.other_properties);
        Self::of(self.plan, self.here().filter_map(within).collect())
    }

    pub(super) fn element(&self) -> Self {
        Self::of(self.plan, self.here().filter_map(|node| node.items).collect())
    }

    fn here(&self) -> impl Iterator<Item = &'a Node> {
        self.nodes.iter().map(|&node| &self.plan.nodes[node])
    }
}

/// Numbers subschemas by address, since references make cycles, and reads them from a list, not by recursion.
struct Reader<'a> {
    refs: &'a Refs<'a>,
    numbers: HashMap<*const Value, usize>,
    open: Vec<(usize, &'a Value)>,
}

impl<'a> Reader<'a> {
    fn number(&mut self, schema: &'a Value) -> usize {
        let fresh = self.numbers.len();
        let number = *self.numbers.entry(schema).or_insert(fresh);
        if number == fresh {
            self.open.push((number, schema));
        }
        number
    }

    fn read(&mut self, schema: &'a Value) -> Node {
        let mut node = Node { types: types(schema), ..Node::default() };
        let refs = self.refs;
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            node.properties = properties.iter().map(|(name, schema)| (name.clone(), self.number(schema))).collect();
        }
        node.other_properties = schema.get("additionalProperties").map(|schema| self.number(schema));
        node.items = schema.get("items").filter(|items| !items.is_array()).map(|schema| self.number(schema));
        let target = schema.get("$ref").and_then(Value::as_str).and_then(|reference| refs.resolve(reference));
        let all_of = schema.get("allOf").and_then(Value::as_array).into_iter().flatten();
        node.in_place = target.into_iter().chain(all_of).map(|schema| self.number(schema)).collect();
        node
    }
}

/// The types a subschema names itself, or through the branches of `anyOf` and `oneOf`.
fn types(schema: &Value) -> Option<Types> {
    let branches = |keyword: &str| -> Option<Types> {
        let branches = schema.get(keyword)?.as_array()?;
        branches.iter().map(|branch| Types::read(branch.get("type")?)).try_fold(Types(0), |all, one| Some(all.or(one?)))
    };
    let own = schema.get("type").and_then(Types::read);
    [own, branches("anyOf"), branches("oneOf")].into_iter().flatten().reduce(Types::and)
}
