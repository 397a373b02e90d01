//! Sockets and HTTP. One thread for all connections, a few others for the answers, which read files and draw. Pages that
//! are open wait on a stream of events and are told when something was recorded.

use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, COOKIE, HOST, HeaderValue, SET_COOKIE};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::{Semaphore, mpsc, watch};

use super::answer::PageAnswer;
use super::asked::AskedPath;
use super::guard::{Admission, HEADERS, SiteAccess};
use super::site::Site;
use crate::error::{Error, Result};

/// Connections at a time; more wait.
const CONNECTIONS: usize = 64;
/// Answers that are made at a time.
const ANSWERS: usize = 3;
/// How long a connection may take to say what it wants.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often the runs folder is looked at while a page is open.
const LOOK: Duration = Duration::from_millis(500);
/// An event stream says something at least so often, so that both ends know of each other.
const PULSE: Duration = Duration::from_secs(15);

/// A server that has its address.
pub struct LiveServer {
    socket: TcpListener,
    site: Arc<Site>,
    access: SiteAccess,
}

/// Takes the first free address of `addresses`.
///
/// # Errors
/// None is free, or the system refuses.
pub fn listen(addresses: &[SocketAddr], site: Site, access: impl Fn(SocketAddr) -> SiteAccess) -> Result<LiveServer> {
    let mut why = None;
    for address in addresses {
        match TcpListener::bind(address) {
            Ok(socket) => {
                let address = socket.local_addr().map_err(|error| cannot(*address, &error))?;
                return Ok(LiveServer { socket, site: Arc::new(site), access: access(address) });
            }
            Err(error) => {
                why.get_or_insert_with(|| cannot(*address, &error));
            }
        }
    }
    Err(why.unwrap_or_else(|| Error::input("there is no address to listen at")))
}

fn cannot(address: SocketAddr, error: &std::io::Error) -> Error {
    let refused = Error::environment(format!("cannot listen at {address}: {error}"));
    match error.kind() {
        std::io::ErrorKind::AddrInUse => refused.hint("another program has it; name another one with --port"),
        _ => refused,
    }
}

impl LiveServer {
    /// Where a browser finds the page at `path`.
    pub fn url(&self, path: &str) -> String {
        self.access.url(path)
    }

    /// Answers until the program ends.
    ///
    /// # Errors
    /// The system refuses the socket.
    pub fn run(self) -> Result<()> {
        let refused = |error: std::io::Error| Error::environment(format!("cannot serve: {error}"));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(ANSWERS)
            .build()
            .map_err(refused)?;
        runtime.block_on(self.serve()).map_err(refused)
    }

    async fn serve(self) -> std::io::Result<()> {
        self.socket.set_nonblocking(true)?;
        let socket = tokio::net::TcpListener::from_std(self.socket)?;
        let free = Arc::new(Semaphore::new(CONNECTIONS));
        let (changes, _) = watch::channel(0);
        let changes = Arc::new(changes);
        tokio::spawn(look(Arc::clone(&self.site), Arc::clone(&changes)));
        let shared = Arc::new(SharedSite { site: self.site, access: self.access, changes });
        loop {
            let turn = Arc::clone(&free).acquire_owned().await;
            let Ok((stream, _)) = socket.accept().await else {
                // Too many open files, or a connection that ended before it began.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            let shared = Arc::clone(&shared);
            tokio::spawn(async move {
                let _turn = turn;
                let service = hyper::service::service_fn(move |request| {
                    let shared = Arc::clone(&shared);
                    async move { Ok::<_, Infallible>(shared.respond(request).await) }
                });
                // A browser that leaves in the middle of an answer is nobody's mistake.
                let _ = hyper::server::conn::http1::Builder::new()
                    .timer(TokioTimer::new())
                    .header_read_timeout(PATIENCE)
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    }
}

/// Tells open pages when something was recorded; looks at nothing while none is open.
async fn look(site: Arc<Site>, changes: Arc<watch::Sender<u64>>) {
    loop {
        tokio::time::sleep(LOOK).await;
        if changes.receiver_count() == 0 {
            continue;
        }
        let site = Arc::clone(&site);
        if let Ok(version) = tokio::task::spawn_blocking(move || site.version()).await {
            changes.send_if_modified(|last| std::mem::replace(last, version) != version);
        }
    }
}

/// What all connections share.
struct SharedSite {
    site: Arc<Site>,
    access: SiteAccess,
    changes: Arc<watch::Sender<u64>>,
}

impl SharedSite {
    async fn respond(&self, request: Request<Incoming>) -> Response<Content> {
        let header = |name| request.headers().get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        let (path, query) = (request.uri().path().to_owned(), request.uri().query().unwrap_or_default().to_owned());
        let token = AskedPath::read("", &query).map(|asked| asked.value("token").to_owned()).unwrap_or_default();
        let admission = self.access.admits(header(HOST), header(COOKIE).unwrap_or_default(), &token);
        let mut response = match &admission {
            Admission::Denied(why) => whole(PageAnswer::refusal(403, why)),
            _ if request.method() != Method::GET => {
                let mut response = whole(PageAnswer::refusal(405, "this page is only read"));
                response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET"));
                response
            }
            _ if path == "/events" => self.events(),
            _ => {
                let site = Arc::clone(&self.site);
                let answer = tokio::task::spawn_blocking(move || site.answer(&path, &query)).await;
                whole(answer.unwrap_or_else(|_| PageAnswer::refusal(500, "the program has a bug: see its terminal")))
            }
        };
        for (name, value) in HEADERS {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        if let Admission::WithCookie(cookie) = admission
            && let Ok(cookie) = HeaderValue::from_str(&cookie)
        {
            response.headers_mut().insert(SET_COOKIE, cookie);
        }
        response
    }

    /// A stream that says when something was recorded.
    fn events(&self) -> Response<Content> {
        let (sender, receiver) = mpsc::channel(2);
        let mut changes = self.changes.subscribe();
        tokio::spawn(async move {
            let mut event = Bytes::from_static(b"retry: 2000\nevent: open\ndata: \n\n");
            loop {
                if sender.send(event).await.is_err() {
                    break;
                }
                event = match tokio::time::timeout(PULSE, changes.changed()).await {
                    Ok(Ok(())) => {
                        let version = *changes.borrow_and_update();
                        Bytes::from(format!("event: recorded\ndata: {version:016x}\n\n"))
                    }
                    Ok(Err(_)) => break,
                    Err(_) => Bytes::from_static(b": nothing new\n\n"),
                };
            }
        });
        let mut response = Response::new(Content::Stream(receiver));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        response
    }
}

fn whole(answer: PageAnswer) -> Response<Content> {
    let mut response = Response::new(Content::Whole(Some(Bytes::from_owner(answer.body))));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(answer.content.name()));
    if let Some(again) = answer.again {
        // Milliseconds: after so long it is worth asking again.
        response.headers_mut().insert("x-again", HeaderValue::from(again.as_millis().min(3_600_000) as u64));
    }
    response
}

/// The bytes of a response.
enum Content {
    Whole(Option<Bytes>),
    Stream(mpsc::Receiver<Bytes>),
}

impl Body for Content {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<std::result::Result<Frame<Bytes>, Infallible>>> {
        match self.get_mut() {
            Self::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Stream(receiver) => {
                receiver.poll_recv(context).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
            }
        }
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        match self {
            Self::Whole(bytes) => hyper::body::SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64),
            Self::Stream(_) => hyper::body::SizeHint::new(),
        }
    }
}
