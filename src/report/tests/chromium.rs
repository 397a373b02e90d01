//! A headless Chromium, spoken to over its debugging pipe: JSON messages that end with a zero byte, commands into file
//! descriptor 3, answers and events out of 4. Tests alone use it; they are ignored unless asked for.

use std::cell::Cell;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

/// Longer than this no answer takes, on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A browser with one page.
pub(crate) struct Chromium {
    child: Child,
    commands: ChildStdin,
    messages: Receiver<Value>,
    session: String,
    last: Cell<u64>,
    /// Where the page may ask, beside files: the server that it is from.
    own: String,
    /// Errors of the page's console, its exceptions, and what it asked the network for.
    pub(crate) complaints: Vec<String>,
    _profile: tempfile::TempDir,
}

/// The program, where it is installed.
fn program() -> Option<&'static str> {
    let there = |name: &&str| {
        let asked = Command::new(name).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        asked.is_ok_and(|status| status.success())
    };
    ["chromium", "chromium-browser", "google-chrome"].into_iter().find(there)
}

impl Chromium {
    /// Starts one; whoever asks for these tests has it.
    pub(crate) fn start() -> Self {
        let program = program().expect("there is a Chromium (Debian: apt-get install chromium)");
        let profile = tempfile::tempdir().expect("a temporary folder");
        let mut child = Command::new("sh")
            .args(["-c", "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>/dev/null", program])
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"])
            .args(["--disable-extensions", "--disable-default-apps", "--remote-debugging-pipe"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("there is a shell");
        let commands = child.stdin.take().expect("it is piped");
        let answers = child.stdout.take().expect("it is piped");
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            for message in BufReader::new(answers).split(0) {
                let Ok(message) = message.map(|bytes| serde_json::from_slice(&bytes).expect("JSON")) else { break };
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        let mut chromium = Self {
            child,
            commands,
            messages,
            session: String::new(),
            last: Cell::new(0),
            own: "file:".to_owned(),
            complaints: Vec::new(),
            _profile: profile,
        };
        let target = chromium.ask("Target.createTarget", json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let session = chromium.ask("Target.attachToTarget", attach);
        chromium.session = session["sessionId"].as_str().expect("a session").to_owned();
        for domain in ["Runtime", "Log", "Page", "Network"] {
            chromium.ask(&format!("{domain}.enable"), json!({}));
        }
        chromium
    }

    /// A command and its answer.
    pub(crate) fn ask(&mut self, method: &str, parameters: Value) -> Value {
        let id = self.last.get() + 1;
        self.last.set(id);
        let mut message = json!({ "id": id, "method": method, "params": parameters });
        if !self.session.is_empty() {
            message["sessionId"] = json!(self.session);
        }
        let mut bytes = serde_json::to_vec(&message).expect("a value is JSON");
        bytes.push(0);
        self.commands.write_all(&bytes).expect("Chromium listens");
        let mut answer = self.until(|message| message["id"] == id);
        assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
        answer["result"].take()
    }

    /// The first message for which `wanted` holds; complaints on the way are kept.
    fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let message = self.messages.recv_timeout(PATIENCE).expect("Chromium answers");
            let about = &message["params"];
            match message["method"].as_str() {
                Some("Runtime.exceptionThrown") => self.complaints.push(about["exceptionDetails"].to_string()),
                Some("Runtime.consoleAPICalled") if about["type"] == "error" => self.complaints.push(about.to_string()),
                Some("Log.entryAdded") if about["entry"]["level"] == "error" => {
                    self.complaints.push(about["entry"].to_string());
                }
                Some("Network.requestWillBeSent") => {
                    let url = about["request"]["url"].as_str().unwrap_or_default();
                    if !url.starts_with(&self.own) && !url.starts_with("file:") && !url.starts_with("data:") {
                        self.complaints.push(format!("it asked for {url}"));
                    }
                }
                _ => {}
            }
            if wanted(&message) {
                return message;
            }
        }
    }

    /// A window of `width` × `height` points, light or dark.
    pub(crate) fn window(&mut self, width: u32, height: u32, scheme: &str) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500 });
        self.ask("Emulation.setDeviceMetricsOverride", size);
        let scheme = json!({ "name": "prefers-color-scheme", "value": scheme });
        self.ask("Emulation.setEmulatedMedia", json!({ "media": "", "features": [scheme] }));
    }

    /// Opens a file and waits until it has loaded.
    pub(crate) fn open(&mut self, page: &Path) {
        let page = page.canonicalize().expect("the page is there");
        self.ask("Page.navigate", json!({ "url": format!("file://{}", page.display()) }));
        self.until(|message| message["method"] == "Page.loadEventFired");
    }

    /// Opens an address of a server, which the page may ask for more, and waits until it has loaded.
    pub(crate) fn open_at(&mut self, server: &str, path: &str) {
        self.own = server.to_owned();
        self.ask("Page.navigate", json!({ "url": format!("{server}{path}") }));
        self.until(|message| message["method"] == "Page.loadEventFired");
    }

    /// The value of an expression, or of the promise that it is.
    pub(crate) fn value(&mut self, expression: &str) -> Value {
        let ask = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let mut answer = self.ask("Runtime.evaluate", ask);
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {}", answer["exceptionDetails"]);
        answer["result"]["value"].take()
    }

    /// Presses a key, as a person does.
    pub(crate) fn press(&mut self, key: &str) {
        let (code, text) = match key {
            "Tab" => (9, ""),
            "Enter" => (13, "\r"),
            "Escape" => (27, ""),
            "/" => (191, "/"),
            _ => panic!("{key} is not known here"),
        };
        for kind in ["keyDown", "keyUp"] {
            let text = if kind == "keyDown" { text } else { "" };
            let event = json!({
                "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code, "text": text
            });
            self.ask("Input.dispatchKeyEvent", event);
        }
    }

    /// Writes what the window shows, or the whole page, as a PNG.
    pub(crate) fn picture(&mut self, path: &Path, whole: bool) {
        let answer = self.ask("Page.captureScreenshot", json!({ "format": "png", "captureBeyondViewport": whole }));
        let bytes = from_base64(answer["data"].as_str().expect("a picture"));
        std::fs::write(path, bytes).expect("written");
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The bytes of a text in base64.
fn from_base64(text: &str) -> Vec<u8> {
    let value = |letter: u8| match letter {
        b'A'..=b'Z' => u32::from(letter - b'A'),
        b'a'..=b'z' => u32::from(letter - b'a') + 26,
        b'0'..=b'9' => u32::from(letter - b'0') + 52,
        b'+' => 62,
        _ => 63,
    };
    let letters: Vec<u8> = text.bytes().filter(|letter| *letter != b'=').collect();
    let group = |group: &[u8]| {
        let bits = group.iter().fold(0, |bits, letter| bits << 6 | value(*letter)) << (6 * (4 - group.len()));
        bits.to_be_bytes()[1..group.len()].to_vec()
    };
    letters.chunks(4).flat_map(group).collect()
}

#[test]
fn base64_is_read() {
    assert_eq!(from_base64("aGVsbG8="), b"hello");
    assert_eq!(from_base64("/+8A"), [0xff, 0xef, 0x00]);
}
