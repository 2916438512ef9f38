//! A form that is being filled, as expressions ask for it.

use gridfold_sync_core::calendar::Zone;
use gridfold_sync_core::expression::{Answers, Expression, Setting, Value};
use gridfold_sync_core::time::Timestamp;

type Node = usize;

struct Kept {
    parent: Option<Node>,
    name: String,
    value: Value<Node>,
}

/// A tree of answers; nodes are numbered as the form has them.
pub struct Tree {
    kept: Vec<Kept>,
    lists: Vec<(String, Node)>,
}

impl Default for Tree {
    fn default() -> Self {
        let mut tree = Self {
            kept: Vec::new(),
            lists: Vec::new(),
        };
        let root = tree.put(None, "", Value::empty());
        tree.put(Some(root), "data", Value::empty());
        tree
    }
}

impl Tree {
    /// The form's own element.
    pub const DATA: Node = 1;

    fn put(&mut self, parent: Option<Node>, name: &str, value: Value<Node>) -> Node {
        let name = name.to_owned();
        self.kept.push(Kept {
            parent,
            name,
            value,
        });
        self.kept.len() - 1
    }

    pub fn add(&mut self, parent: Node, name: &str, value: Value<Node>) -> Node {
        self.put(Some(parent), name, value)
    }

    pub fn text(&mut self, parent: Node, name: &str, value: &str) -> Node {
        self.add(parent, name, Value::Text(value.to_owned()))
    }

    /// A list of items, each with texts by name.
    pub fn list(&mut self, name: &str, items: &[&[(&str, &str)]]) {
        let top = self.put(None, "", Value::empty());
        self.lists.push((name.to_owned(), top));
        let root = self.put(Some(top), "root", Value::empty());
        for item in items {
            let at = self.put(Some(root), "item", Value::empty());
            for (name, value) in *item {
                self.text(at, name, value);
            }
        }
    }

    /// What an expression comes to for a question, as a text.
    pub fn says(&self, here: Node, expression: &str) -> String {
        let parsed = Expression::parse(expression);
        let parsed = parsed.unwrap_or_else(|e| panic!("{expression}: {e}"));
        let value = parsed.evaluate(self, here, &setting());
        let value = value.unwrap_or_else(|e| panic!("{expression}: {e}"));
        value.to_text(self, &setting())
    }
}

/// The body of the fuzz target: any text, parsed and reckoned over a small form.
pub fn run(text: &str) {
    let mut tree = Tree::default();
    tree.text(Tree::DATA, "a", "7");
    let Ok(expression) = Expression::parse(text) else {
        return;
    };
    match expression.evaluate(&tree, Tree::DATA, &setting()) {
        Ok(value) => assert!(value.to_text(&tree, &setting()).len() < 1 << 20),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// 2026-03-05T10:20:30+08:00 in Shanghai.
pub fn setting() -> Setting {
    Setting {
        now: Timestamp(1_772_677_230_000),
        zone: Zone::china(),
        chance: *b"chance of a test",
    }
}

impl Answers for Tree {
    type Node = Node;

    fn root(&self) -> Node {
        0
    }
    fn parent(&self, node: Node) -> Option<Node> {
        self.kept[node].parent
    }
    fn children(&self, node: Node) -> Vec<Node> {
        let all = 0..self.kept.len();
        all.filter(|n| self.kept[*n].parent == Some(node)).collect()
    }
    fn name(&self, node: Node) -> &str {
        &self.kept[node].name
    }
    fn value(&self, node: Node) -> Value<Node> {
        self.kept[node].value.clone()
    }
    fn attribute(&self, _: Node, _: &str) -> Option<Node> {
        None
    }
    fn question(&self, from: Node, name: &str) -> Vec<Node> {
        let mut around = Some(from);
        while let Some(node) = around {
            let found = self.named(node, name);
            if !found.is_empty() {
                return found;
            }
            around = self.parent(node);
        }
        let all = 0..self.kept.len();
        all.filter(|n| self.kept[*n].name == name).collect()
    }
    fn list(&self, name: &str) -> Option<Node> {
        let mut lists = self.lists.iter();
        lists.find(|(known, _)| known == name).map(|(_, at)| *at)
    }
    fn choice_label(&self, question: &str, choice: &str, _: Node) -> Option<String> {
        (question == "${kind}" && choice == "lamp").then(|| "Street lamp".to_owned())
    }
}
