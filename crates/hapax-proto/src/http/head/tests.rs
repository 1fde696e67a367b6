//! A head beside a list of pairs: whatever is done to both, they hold the same fields and are written alike.

use proptest::prelude::*;

use super::Head;

#[derive(Clone, Debug)]
enum Edit {
    Add(String, String),
    AddLine(String, String),
    Set(String, String),
    Insert(usize, String, String),
    Remove(String),
    RemoveAt(usize),
    SetValue(usize, String),
}

fn edits() -> impl Strategy<Value = Edit> {
    let (name, value) = ("[ab]{1,2}", "[xy ]{0,3}");
    prop_oneof![
        (name, value).prop_map(|(n, v)| Edit::Add(n, v)),
        (name, value).prop_map(|(n, v)| Edit::AddLine(n, v)),
        (name, value).prop_map(|(n, v)| Edit::Set(n, v)),
        (0..8usize, name, value).prop_map(|(i, n, v)| Edit::Insert(i, n, v)),
        name.prop_map(Edit::Remove),
        (0..8usize).prop_map(Edit::RemoveAt),
        (0..8usize, value).prop_map(|(i, v)| Edit::SetValue(i, v)),
    ]
}

type Pairs = Vec<(String, String)>;

fn apply(head: &mut Head, pairs: &mut Pairs, edit: Edit) {
    match edit {
        Edit::Add(n, v) => {
            head.add(n.as_bytes(), v.as_bytes());
            pairs.push((n, v));
        }
        Edit::AddLine(n, v) => {
            head.add_line(format!("{n}: {v}\r\n").as_bytes(), n.len());
            pairs.push((n, v));
        }
        Edit::Set(n, v) => {
            head.set(n.as_bytes(), v.as_bytes());
            pairs.retain(|p| p.0 != n);
            pairs.push((n, v));
        }
        Edit::Insert(i, n, v) => {
            head.insert(i, n.as_bytes(), v.as_bytes());
            pairs.insert(i.min(pairs.len()), (n, v));
        }
        Edit::Remove(n) => {
            let before = pairs.len();
            pairs.retain(|p| p.0 != n);
            assert_eq!(head.remove(n.as_bytes()), before - pairs.len());
        }
        Edit::RemoveAt(i) => {
            head.remove_at(i);
            if i < pairs.len() {
                pairs.remove(i);
            }
        }
        Edit::SetValue(i, v) => {
            head.set_value(i, v.as_bytes());
            if let Some(p) = pairs.get_mut(i) {
                p.1 = v;
            }
        }
    }
}

proptest! {
    #[test]
    fn a_head_is_a_list_of_pairs(list in proptest::collection::vec(edits(), 0..24)) {
        let (mut head, mut pairs) = (Head::default(), Pairs::new());
        head.set_method(b"GET");
        head.set_uri(b"/");
        for edit in list {
            apply(&mut head, &mut pairs, edit);
        }
        let held: Vec<_> = pairs.iter().map(|(n, v)| (n.as_bytes(), v.as_bytes())).collect();
        prop_assert_eq!(head.iter().collect::<Vec<_>>(), held);
        for name in ["a", "b", "aa", "ab"] {
            let of_name: Vec<_> = pairs.iter().filter(|p| p.0 == name).map(|p| p.1.as_bytes()).collect();
            prop_assert_eq!(head.first(name.as_bytes()), of_name.first().copied());
            prop_assert_eq!(head.values(name.as_bytes()).collect::<Vec<_>>(), of_name);
        }
        let mut out = Vec::new();
        crate::h1::write::request(&head, None, &mut out);
        let lines = pairs.iter().map(|(n, v)| format!("{n}: {v}\r\n")).collect::<Vec<_>>().concat();
        prop_assert_eq!(String::from_utf8_lossy(&out), format!("GET / HTTP/1.1\r\n{lines}\r\n"));
    }
}

#[test]
fn names_become_lower_case_as_byte_by_byte() {
    let ascii: Vec<u8> = (0..128).collect();
    for len in 0..40 {
        for start in 0..=128 - len {
            let mut ours = ascii[start..start + len].to_vec();
            let wanted = ours.to_ascii_lowercase();
            super::lower(&mut ours);
            assert_eq!(ours, wanted);
        }
    }
}
