//! The node types of `nodes.asdl`, read: names, fields, attributes and the texts that become
//! docstrings. CPython's counterpart: `Parser/Python.asdl` and what `asdl_c.py` makes of it.

use std::collections::HashMap;
use std::sync::OnceLock;

/// How often a field's type occurs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Count {
    One,
    Optional,
    Many,
}

/// A field of a node.
#[derive(Debug)]
pub struct Field {
    pub name: &'static str,
    /// A node type, or `identifier`, `string`, `int`, `constant`.
    pub ty: &'static str,
    pub count: Count,
}

/// A class of nodes.
#[derive(Debug)]
pub struct Class {
    pub name: &'static str,
    /// The sum type it belongs to; `None` for a sum type itself and for a product type.
    pub base: Option<&'static str>,
    pub doc: String,
    pub fields: Vec<Field>,
    /// Names, and whether they may be missing; empty if inherited.
    pub attributes: Vec<(&'static str, bool)>,
    pub is_sum: bool,
}

/// All classes, each after its base.
pub fn classes() -> &'static [Class] {
    static CLASSES: OnceLock<Vec<Class>> = OnceLock::new();
    CLASSES.get_or_init(|| read(include_str!("nodes.asdl")))
}

/// A class by name; looked up for each node.
pub fn class_of(name: &str) -> Option<&'static Class> {
    static BY_NAME: OnceLock<HashMap<&str, &Class>> = OnceLock::new();
    let by_name = BY_NAME.get_or_init(|| classes().iter().map(|c| (c.name, c)).collect());
    by_name.get(name).copied()
}

fn read(text: &'static str) -> Vec<Class> {
    let mut classes: Vec<Class> = Vec::new();
    // Where the latest sum or product type is in `classes`.
    let mut owner = 0;
    for line in text.lines() {
        let body = line.trim_start();
        if let Some(names) = body.strip_prefix("attributes ") {
            classes[owner].attributes =
                names.split(' ').map(|n| (n.trim_end_matches('?'), n.ends_with('?'))).collect();
        } else if let Some(constructor) = body.strip_prefix("| ") {
            let doc = &mut classes[owner].doc;
            doc.push('\n');
            doc.push_str(line);
            let base = classes[owner].name;
            classes.push(class(constructor, Some(base)));
        } else if let Some((name, constructors)) = body.split_once(" = ") {
            owner = classes.len();
            classes.push(Class {
                name,
                base: None,
                doc: line.to_string(),
                fields: Vec::new(),
                attributes: Vec::new(),
                is_sum: true,
            });
            classes.extend(constructors.split(" | ").map(|c| class(c, Some(name))));
        } else {
            owner = classes.len();
            classes.push(class(body, None));
        }
    }
    classes
}

/// `Name(type field, ...)`, or a name alone.
fn class(text: &'static str, base: Option<&'static str>) -> Class {
    let (name, fields) = text.split_once('(').unwrap_or((text, ""));
    let fields = fields.trim_end_matches(')');
    Class {
        name,
        base,
        doc: text.to_string(),
        fields: fields.split(", ").filter_map(field).collect(),
        attributes: Vec::new(),
        is_sum: false,
    }
}

fn field(text: &'static str) -> Option<Field> {
    let (ty, name) = text.split_once(' ')?;
    let count = match ty.chars().last() {
        Some('*') => Count::Many,
        Some('?') => Count::Optional,
        _ => Count::One,
    };
    Some(Field { name, ty: ty.trim_end_matches(['*', '?']), count })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(name: &str) -> &'static Class {
        classes().iter().find(|class| class.name == name).expect("a class")
    }

    #[test]
    fn sums_products_and_constructors_are_told_apart() {
        assert!(find("expr").is_sum && find("expr").fields.is_empty());
        assert_eq!(find("BinOp").base, Some("expr"));
        assert_eq!(find("FloorDiv").base, Some("operator"));
        assert!(find("arguments").base.is_none() && !find("arguments").is_sum);
        assert_eq!(find("stmt").attributes[2], ("end_lineno", true));
    }

    #[test]
    fn fields_have_types_and_counts() {
        let dict = find("Dict");
        assert_eq!((dict.fields[0].ty, dict.fields[0].count), ("expr", Count::Many));
        let handler = find("ExceptHandler");
        assert_eq!((handler.fields[1].name, handler.fields[1].count), ("name", Count::Optional));
        assert_eq!(find("BinOp").doc, "BinOp(expr left, operator op, expr right)");
        assert_eq!(find("boolop").doc, "boolop = And | Or");
    }
}
