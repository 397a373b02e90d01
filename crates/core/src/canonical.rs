//! Canonical JSON after RFC 8785: sorted keys, no white space, numbers in their one shortest form.

use serde::Serialize;

use crate::digest::Digest;

/// The canonical bytes of `value`.
///
/// # Panics
/// If `value` holds a NaN or an infinity, or a map whose keys are not strings. Specs and results hold neither: their
/// fields are range-checked when they are made, and non-finite metrics are stored as text.
pub fn to_bytes(value: &impl Serialize) -> Vec<u8> {
    serde_json_canonicalizer::to_vec(value).expect("specs and results hold finite numbers and string keys only")
}

/// SHA-256 of the canonical bytes of `value`.
///
/// # Panics
/// As [`to_bytes`].
pub fn digest(value: &impl Serialize) -> Digest {
    Digest::of(&to_bytes(value))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn text(value: &Value) -> String {
        String::from_utf8(to_bytes(value)).expect("JSON is UTF-8")
    }

    #[test]
    fn rfc_8785_example_of_section_3_2_2() {
        let input: Value = serde_json::from_str(
            r#"{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],
                "string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}"#,
        )
        .expect("the RFC's example is JSON");
        assert_eq!(
            text(&input),
            "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],\
             \"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}"
        );
    }

    #[test]
    fn rfc_8785_sorts_keys_by_utf_16_code_units() {
        let input = json!({"\u{20ac}": 1, "\r": 2, "\u{fb33}": 3, "1": 4, "\u{1f600}": 5, "\u{80}": 6, "\u{f6}": 7});
        assert_eq!(
            text(&input),
            "{\"\\r\":2,\"1\":4,\"\u{80}\":6,\"\u{f6}\":7,\"\u{20ac}\":1,\"\u{1f600}\":5,\"\u{fb33}\":3}"
        );
    }

    #[test]
    fn one_number_has_one_form() {
        assert_eq!(text(&json!([3.0, 1e-3, 1e21, -0.0, 5e-324])), "[3,0.001,1e+21,0,5e-324]");
    }

    proptest! {
        #[test]
        fn canonical_form_is_a_fixed_point(keys in prop::collection::btree_map(".*", any::<f64>().prop_filter("finite", |x| x.is_finite()), 0..8)) {
            let once = to_bytes(&keys);
            let again: Value = serde_json::from_slice(&once).expect("canonical JSON is JSON");
            prop_assert_eq!(to_bytes(&again), once);
        }
    }
}
