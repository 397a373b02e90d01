//! The lines in which a command tells its metrics: `{"step": 3, "loss": 0.25}`, one JSON object a line whose values are
//! numbers. `NaN`, `Infinity` and `-Infinity` are numbers here, as Python's `json` writes them, and so are the texts
//! `"NaN"`, `"inf"` and `"-inf"`; `true` and `false` are 1 and 0, `null` is NaN.

/// A line as it was read: the step it names, if it does, and its values in their order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MetricLine<'a> {
    /// The step.
    pub step: Option<u64>,
    /// Names and values; a name may hold escapes, which are resolved.
    pub values: Vec<(std::borrow::Cow<'a, str>, f64)>,
}

/// Reads one line into `into`, whose values are replaced.
///
/// # Errors
/// What is wrong with it, in words.
pub fn read<'a>(line: &'a [u8], into: &mut MetricLine<'a>) -> Result<(), String> {
    into.step = None;
    into.values.clear();
    let mut at = Reader { line, at: 0 };
    at.skip();
    at.expect(b'{')?;
    at.skip();
    if at.peek() == Some(b'}') {
        at.at += 1;
    } else {
        loop {
            at.skip();
            let name = at.text()?;
            at.skip();
            at.expect(b':')?;
            at.skip();
            let value = at.number(&name)?;
            if name == "step" {
                if value.fract() != 0.0 || !(0.0..9.0e15).contains(&value) {
                    return Err(format!("the step {value} is no whole number from 0 on"));
                }
                into.step = Some(value as u64);
            } else {
                into.values.push((name, value));
            }
            at.skip();
            match at.next() {
                Some(b',') => {}
                Some(b'}') => break,
                _ => return Err(at.unexpected("`,` or `}`")),
            }
        }
    }
    at.skip();
    if at.at == line.len() { Ok(()) } else { Err("there is more behind the object".to_owned()) }
}

struct Reader<'a> {
    line: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.line.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek();
        self.at += usize::from(byte.is_some());
        byte
    }

    fn skip(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r')) {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), String> {
        if self.next() == Some(byte) { Ok(()) } else { Err(self.unexpected(&format!("`{}`", char::from(byte)))) }
    }

    /// What was expected before the place just passed.
    fn unexpected(&self, expected: &str) -> String {
        match self.line.get(self.at.saturating_sub(1)).filter(|_| self.at <= self.line.len() && self.at > 0) {
            Some(_) if self.at == self.line.len() && self.line.last().is_some_and(|end| *end != b'}') => {
                format!("it is cut off where {expected} was expected")
            }
            _ => format!("expected {expected} at byte {}", self.at.max(1)),
        }
    }

    fn text(&mut self) -> Result<std::borrow::Cow<'a, str>, String> {
        let from = self.at;
        self.expect(b'"')?;
        let mut escaped = false;
        loop {
            match self.next() {
                None => return Err("it is cut off within a name".to_owned()),
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    self.at += 1;
                }
                Some(_) => {}
            }
        }
        let whole = &self.line[from..self.at.min(self.line.len())];
        if escaped {
            return serde_json::from_slice::<String>(whole).map(Into::into).map_err(|error| error.to_string());
        }
        let inner = &whole[1..whole.len() - 1];
        std::str::from_utf8(inner).map(Into::into).map_err(|_| "a name is no text in UTF-8".to_owned())
    }

    fn number(&mut self, name: &str) -> Result<f64, String> {
        let from = self.at;
        if self.peek() == Some(b'"') {
            let text = self.text()?;
            return match &*text {
                "NaN" | "nan" => Ok(f64::NAN),
                "inf" | "Infinity" => Ok(f64::INFINITY),
                "-inf" | "-Infinity" => Ok(f64::NEG_INFINITY),
                _ => Err(format!("`{name}` is a text, and metrics are numbers")),
            };
        }
        while self.peek().is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')) {
            self.at += 1;
        }
        let word = &self.line[from..self.at];
        match word {
            b"true" => Ok(1.0),
            b"false" => Ok(0.0),
            b"null" | b"NaN" => Ok(f64::NAN),
            b"Infinity" => Ok(f64::INFINITY),
            b"-Infinity" => Ok(f64::NEG_INFINITY),
            // Rust also reads words such as `nan`, which JSON has not.
            _ if word.first().is_some_and(|byte| byte.is_ascii_digit() || *byte == b'-') => {
                let text = std::str::from_utf8(word).unwrap_or_default();
                text.parse().map_err(|_| format!("`{name}` is {text}, which is no number"))
            }
            b"" => match self.peek() {
                Some(b'[' | b'{') => Err(format!("`{name}` is a list or an object, and metrics are numbers")),
                None => Err(format!("it is cut off where the value of `{name}` was expected")),
                Some(_) => Err(format!("`{name}` is no number")),
            },
            _ => Err(format!("`{name}` is {}, which is no number", String::from_utf8_lossy(word))),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A step, and values by name.
    type Read = (Option<u64>, Vec<(String, f64)>);

    fn line(text: &str) -> Result<Read, String> {
        let mut line = MetricLine::default();
        read(text.as_bytes(), &mut line)?;
        Ok((line.step, line.values.into_iter().map(|(name, value)| (name.into_owned(), value)).collect()))
    }

    #[test]
    fn lines_are_read_as_people_and_python_write_them() {
        let (step, values) = line(r#"{"step": 3, "loss": 0.25, "a/b@5":-1e-3}"#).expect("fine");
        assert_eq!((step, values), (Some(3), vec![("loss".to_owned(), 0.25), ("a/b@5".to_owned(), -1e-3)]));
        assert_eq!(line("{}").expect("fine"), (None, Vec::new()));
        assert_eq!(line(" { \"step\" : 4.0 } \r").expect("fine").0, Some(4));
        let odd = r#"{"a": NaN, "b": Infinity, "c": -Infinity, "d": "NaN", "e": null, "f": true, "g": "-inf"}"#;
        let values: Vec<f64> = line(odd).expect("fine").1.into_iter().map(|(_, value)| value).collect();
        assert!(values[0].is_nan() && values[3].is_nan() && values[4].is_nan());
        assert_eq!((values[1], values[2], values[5], values[6]), (f64::INFINITY, -f64::INFINITY, 1.0, -f64::INFINITY));
        assert_eq!(line(r#"{"\u00e9\"": 1}"#).expect("fine").1, [("é\"".to_owned(), 1.0)]);
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, says) in [
            ("", "expected `{` at byte 1"),
            ("[1]", "expected `{` at byte 1"),
            (r#"{"loss": 0.2"#, "cut off where `,` or `}`"),
            (r#"{"loss": "#, "cut off where the value of `loss`"),
            (r#"{"lo"#, "cut off within a name"),
            (r#"{"loss": "low"}"#, "`loss` is a text"),
            (r#"{"loss": [1]}"#, "`loss` is a list"),
            (r#"{"loss": nan}"#, "`loss` is nan, which is no number"),
            (r#"{"step": 1.5}"#, "the step 1.5"),
            (r#"{"a": 1} {"a": 2}"#, "more behind"),
        ] {
            let error = line(text).expect_err(text);
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = read(&bytes, &mut MetricLine::default());
        }

        #[test]
        fn every_number_is_read_to_the_bit(name in "[a-z/@0-9]{1,8}", bits in any::<u64>(), step in 0_u64..1 << 50) {
            let value = f64::from_bits(bits);
            prop_assume!(value.is_finite() && name != "step");
            let text = serde_json::json!({ (name.as_str()): value, "step": step }).to_string();
            let (read_step, values) = line(&text).expect("fine");
            prop_assert_eq!(read_step, Some(step));
            prop_assert_eq!(values[0].1.to_bits(), value.to_bits());
        }

        #[test]
        fn what_json_reads_is_read_alike(text in r#"\{("[a-c\\]{0,3}": ?[0-9\-e.]{1,5},? ?){0,3}\}"#) {
            let json = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&text);
            if let Ok(map) = json && map.values().all(serde_json::Value::is_number) {
                prop_assert!(line(&text).is_ok(), "{}", text);
            }
        }
    }
}
