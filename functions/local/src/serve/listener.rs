//! The server's connections: their number is limited, each is limited in time and memory, and all end when the server
//! stops.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::http::header::{CONNECTION, HeaderValue};
use headway_api::edge::HeadFault;
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_io_timeout::TimeoutStream;
use tower::ServiceExt as _;
use tower_http::timeout::RequestBodyTimeoutLayer;

use super::connections::{ConnectionPlace, Connections, Request};
use super::head;

/// How long a connection may take for the complete head of a request, counted from the answer before. This covers both
/// a slow head and an idle connection.
const HEAD_MAX: Duration = Duration::from_secs(30);
/// How long nothing may arrive of a request's body. The whole request has 25 s.
const BODY_STALLED_MAX: Duration = Duration::from_secs(10);
/// How long a caller may read nothing of an answer.
const ANSWER_STALLED_MAX: Duration = Duration::from_secs(20);
/// How long a caller may take to read a whole answer.
const ANSWER_MAX: Duration = Duration::from_secs(120);
/// How many bytes a connection buffers of a head, or of an answer.
const BUFFER_BYTES_MAX: usize = 64 * 1024;
/// An answer is given to a connection in pieces of this size.
const PIECE_BYTES_MAX: usize = 32 * 1024;
/// How long running requests may take to end once the server stops.
const STOPPING_MAX: Duration = Duration::from_secs(10);
/// How long to wait before accepting again if the system had no resources left for a connection.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// Serves until `stopped` becomes true and running requests have ended, or their time is over.
pub(super) async fn serve(listener: TcpListener, router: Router, connections_max: usize, stopped: watch::Receiver<bool>) {
    let router = router.layer(RequestBodyTimeoutLayer::new(BODY_STALLED_MAX));
    let connections = Connections::new(connections_max);
    let mut tasks = JoinSet::new();
    let mut stopping = stopped.clone();
    loop {
        let stream = tokio::select! {
            _ = stopping.wait_for(|stopped| *stopped) => break,
            stream = accept(&listener) => stream,
            // The result of a connection does not matter, but must not be kept in memory either.
            Some(_) = tasks.join_next() => continue,
        };
        // New connections meanwhile wait in the system's own queue.
        let place = tokio::select! {
            _ = stopping.wait_for(|stopped| *stopped) => break,
            place = connections.place() => place,
        };
        tasks.spawn(connection(stream, router.clone(), place, stopped.clone()));
    }
    drop(listener);
    let all_ended = async { while tasks.join_next().await.is_some() {} };
    if timeout(STOPPING_MAX, all_ended).await.is_err() {
        tasks.shutdown().await;
    }
}

/// The next connection. A failure to accept one does not affect the others.
async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) if is_the_callers(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(ACCEPT_AGAIN_AFTER).await;
            }
        }
    }
}

fn is_the_callers(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset)
}

/// Serves one connection from its first request to its last. HTTP/1 only: a second protocol would need limits of its
/// own.
async fn connection(stream: TcpStream, router: Router, place: ConnectionPlace, mut stopped: watch::Receiver<bool>) {
    // Answers are written as a whole, so waiting for more data would only delay them.
    let _ = stream.set_nodelay(true);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(ANSWER_STALLED_MAX));
    let requests = place.clone();
    let service = service_fn(move |request| answer(router.clone(), request, requests.request()));
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_MAX).max_buf_size(BUFFER_BYTES_MAX);
    // A caller that sends nothing more still reads: the requests that it has sent are answered.
    builder.half_close(true);
    let mut serving = std::pin::pin!(builder.serve_connection(TokioIo::new(Box::pin(stream)), service));
    tokio::select! {
        // How a connection ended does not matter to the server.
        _ = serving.as_mut() => return,
        () = place.cut() => return,
        _ = stopped.wait_for(|stopped| *stopped) => {}
    }
    // A head that is not complete does not count as a request.
    if !place.is_idle() {
        serving.as_mut().graceful_shutdown();
        let _ = serving.await;
    }
}

async fn answer(router: Router, request: hyper::Request<Incoming>, under_way: Request) -> Result<hyper::Response<Answer>, Infallible> {
    let fault = head::fault(request.version(), request.headers());
    let mut request = request.map(Body::new);
    if let Some(fault) = fault {
        request.extensions_mut().insert(HeadFault(fault));
    }
    let mut response = router.oneshot(request).await?;
    if fault.is_some() {
        // Where the next request begins may be in doubt.
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(response.map(|body| Answer { body, piece: Bytes::new(), late: Box::pin(sleep(ANSWER_MAX)), _under_way: under_way }))
}

/// An answer's body, in small pieces so that memory is bounded, and for a limited time.
struct Answer {
    body: Body,
    piece: Bytes,
    late: Pin<Box<tokio::time::Sleep>>,
    _under_way: Request,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.late.as_mut().poll(context).is_ready() {
            return Poll::Ready(Some(Err(axum::Error::new(io::Error::from(io::ErrorKind::TimedOut)))));
        }
        if self.piece.is_empty() {
            match std::task::ready!(Pin::new(&mut self.body).poll_frame(context)).map(|frame| frame.map(Frame::into_data)) {
                Some(Ok(Ok(data))) => self.piece = data,
                Some(Ok(Err(trailers))) => return Poll::Ready(Some(Ok(trailers))),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
        let size = self.piece.len().min(PIECE_BYTES_MAX);
        Poll::Ready(Some(Ok(Frame::data(self.piece.split_to(size)))))
    }

    fn is_end_stream(&self) -> bool {
        self.piece.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        match self.body.size_hint().exact() {
            Some(exact) => SizeHint::with_exact(exact + self.piece.len() as u64),
            None => SizeHint::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use axum::middleware::{Next, from_fn};
    use axum::response::{IntoResponse as _, Response};
    use axum::routing::{get, post};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    const BIG: usize = 16 << 20;

    async fn echo(body: Body) -> Result<String, StatusCode> {
        let bytes = axum::body::to_bytes(body, BIG).await.map_err(|_| StatusCode::BAD_REQUEST)?;
        Ok(format!("{} bytes", bytes.len()))
    }

    /// As the API's outermost layer does.
    async fn refuse_faulty_heads(request: axum::extract::Request, next: Next) -> Response {
        match request.extensions().get::<HeadFault>() {
            Some(HeadFault(fault)) => (StatusCode::BAD_REQUEST, *fault).into_response(),
            None => next.run(request).await,
        }
    }

    struct Server {
        address: std::net::SocketAddr,
        stop: watch::Sender<bool>,
        serving: tokio::task::JoinHandle<()>,
    }

    impl Server {
        async fn start(connections_max: usize) -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let router = Router::new()
                .route("/", get(async || "here"))
                .route("/big", get(async || vec![b'x'; BIG]))
                .route("/never", get(async || std::future::pending::<String>().await))
                .route("/echo", post(echo))
                .layer(from_fn(refuse_faulty_heads));
            let (stop, stopped) = watch::channel(false);
            Self { address, stop, serving: tokio::spawn(serve(listener, router, connections_max, stopped)) }
        }

        async fn sent(&self, text: &str) -> TcpStream {
            let mut stream = TcpStream::connect(self.address).await.unwrap();
            stream.write_all(text.as_bytes()).await.unwrap();
            stream
        }

        async fn stopped(self) {
            self.stop.send(true).unwrap();
            self.serving.await.unwrap();
        }
    }

    /// What is received until the server closes the connection, which it must do in the end.
    async fn rest(stream: &mut TcpStream) -> String {
        let mut answer = Vec::new();
        // A connection that is closed early may be reset.
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8(answer).unwrap()
    }

    const GET: &str = "GET / HTTP/1.1\r\nhost: x\r\n\r\n";

    /// Time is virtual: it advances as soon as nothing else can happen, so a connection that never ends would hang the
    /// test.
    #[tokio::test(start_paused = true)]
    async fn a_stalled_request_is_closed() {
        let server = Server::start(100).await;
        let cases = [
            ("nothing", "", ""),
            ("half a head", "GET / HTTP/1.1\r\nhost:", ""),
            ("half a second head", "GET / HTTP/1.1\r\nhost: x\r\n\r\nGET /", "HTTP/1.1 200"),
            ("kept alive", GET, "HTTP/1.1 200"),
            ("half a body", "POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nhalf", "HTTP/1.1 400"),
            ("half a chunk", "POST /echo HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n9\r\nhalf", "HTTP/1.1 400"),
        ];
        for (what, sent, answer) in cases {
            let mut stream = server.sent(sent).await;
            let got = rest(&mut stream).await;
            // Virtual time may be faster than the connection; then there is no answer at all.
            assert!(got.is_empty() || (!answer.is_empty() && got.starts_with(answer)), "{what}: {got}");
        }
        server.stopped().await;
    }

    /// Bug found: an answer that nobody read was kept for ever.
    #[tokio::test(start_paused = true)]
    async fn an_unread_answer_is_closed() {
        let server = Server::start(1).await;
        let stream = server.sent("GET /big HTTP/1.1\r\nhost: x\r\n\r\n").await;
        stream.readable().await.unwrap();
        // Virtual time may be faster than the connection; then the test connects again.
        while !rest(&mut server.sent("GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await).await.ends_with("here") {}
        server.stopped().await;
    }

    /// Bug found: a caller that closed its sending side after the request, as `nc -N` does, got no answer.
    #[tokio::test]
    async fn a_half_closed_connection_gets_its_answers() {
        let server = Server::start(100).await;
        let post = "POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\n";
        for (sent, answers, end) in [(GET.to_owned(), 1, "here"), (GET.repeat(2), 2, "here"), (format!("{post}1234"), 1, "4 bytes")] {
            let mut stream = server.sent(&sent).await;
            stream.shutdown().await.unwrap();
            let got = rest(&mut stream).await;
            assert!(got.matches("HTTP/1.1 200").count() == answers && got.ends_with(end), "{sent}: {got}");
        }
        for half in ["GET / HTTP/1.1\r\nhost:", &format!("{post}12")] {
            let mut stream = server.sent(half).await;
            stream.shutdown().await.unwrap();
            let got = rest(&mut stream).await;
            assert!(!got.contains("HTTP/1.1 200"), "{half}: {got}");
        }
        server.stopped().await;
    }

    #[tokio::test]
    async fn a_large_answer_is_complete() {
        let server = Server::start(1).await;
        let mut stream = server.sent("GET /big HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
        let answer = rest(&mut stream).await;
        assert!(answer.contains(&format!("content-length: {BIG}\r\n")));
        assert_eq!(answer.split_once("\r\n\r\n").unwrap().1.len(), BIG);
        server.stopped().await;
    }

    /// Bug found: one half-sent head kept the server from stopping. Only complete requests get their answers, for a
    /// limited time.
    #[tokio::test]
    async fn stopping_waits_only_for_complete_requests() {
        let server = Server::start(100).await;
        let mut open = Vec::new();
        for sent in ["", "GET / HTTP", GET] {
            open.push(server.sent(sent).await);
        }
        let mut body = server.sent("POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\nexpect: 100-continue\r\n\r\n").await;
        body.readable().await.unwrap();
        body.write_all(b"12").await.unwrap();
        open[2].readable().await.unwrap();
        let sending = async {
            body.write_all(b"34").await.unwrap();
            rest(&mut body).await
        };
        let (answer, ()) = tokio::join!(sending, server.stopped());
        assert!(answer.contains("connection: close") && answer.ends_with("4 bytes"), "{answer}");
    }

    /// Time is virtual. A request that never ends delays stopping only up to its limit.
    #[tokio::test(start_paused = true)]
    async fn stopping_ends_endless_requests() {
        let server = Server::start(100).await;
        let _open = server.sent("GET /never HTTP/1.1\r\nhost: x\r\n\r\n").await;
        server.stopped().await;
    }

    /// Each is answered, refused or closed. None switches protocols, and none crashes the server.
    #[tokio::test]
    async fn unusual_requests_are_answered_or_closed() {
        let server = Server::start(100).await;
        let many: String = (0..200).map(|n| format!("x-{n}: 1\r\n")).collect();
        let cases = [
            ("HTTP/1.0", "GET / HTTP/1.0\r\n\r\n".to_owned(), "HTTP/1.0 200"),
            ("HTTP/2, known before", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), ""),
            ("an upgrade", "GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade, close\r\nupgrade: h2c\r\n\r\n".to_owned(), "HTTP/1.1 200"),
            ("CONNECT", "CONNECT x:1 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".to_owned(), "HTTP/1.1 4"),
            ("no HTTP", "\u{16}\u{3}\u{1}\r\n\r\n".to_owned(), "HTTP/1.1 400"),
            ("no host", "GET / HTTP/1.1\r\n\r\n".to_owned(), "HTTP/1.1 400"),
            ("two hosts", "GET / HTTP/1.1\r\nhost: x\r\nhost: x\r\n\r\n".to_owned(), "HTTP/1.1 400"),
            (
                "another coding",
                "POST /echo HTTP/1.1\r\nhost: x\r\ntransfer-encoding: identity, chunked\r\n\r\n0\r\n\r\n".to_owned(),
                "HTTP/1.1 400",
            ),
            ("a huge head", format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "x".repeat(200_000)), "HTTP/1.1 431"),
            ("a huge path", format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(200_000)), "HTTP/1.1 4"),
            ("many headers", format!("GET / HTTP/1.1\r\n{many}\r\n"), "HTTP/1.1 431"),
            ("two lengths", "POST /echo HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n1".to_owned(), "HTTP/1.1 400"),
            ("no chunk", "POST /echo HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nx\r\n".to_owned(), "HTTP/1.1 400"),
        ];
        for (what, sent, answer) in cases {
            let mut stream = TcpStream::connect(server.address).await.unwrap();
            // The server may refuse it before everything has been sent.
            let _ = stream.write_all(sent.as_bytes()).await;
            let got = rest(&mut stream).await;
            assert!(got.starts_with(answer), "{what}: {got:.200}");
        }
        let last = "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        let mut pipelined = server.sent(&(GET.repeat(49) + last)).await;
        assert_eq!(rest(&mut pipelined).await.matches("HTTP/1.1 200").count(), 50);
        server.stopped().await;
    }
}
