//! A server on loopback, below a secret path.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tower::ServiceExt as _;

/// Serves until it is dropped.
#[derive(Debug)]
pub struct Loopback {
    address: SocketAddr,
    secret: String,
    serving: JoinHandle<()>,
}

impl Loopback {
    /// Serves these routes on a free port, below a random path.
    ///
    /// # Errors
    ///
    /// If loopback cannot be listened on.
    pub async fn serve(routes: Router) -> io::Result<Self> {
        let secret = secret()?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let routes = Router::new().fallback(below).with_state((format!("/{secret}"), routes));
        let serving = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, routes).await {
                tracing::error!(%error, "a server on loopback ended");
            }
        });
        Ok(Self { address, secret, serving })
    }

    /// Its address with the path: `http://127.0.0.1:40123/…`.
    pub fn url(&self) -> String {
        format!("http://{}/{}", self.address, self.secret)
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Serves the routes below the secret path. Nested routes would not do: they do not accept the slash that the SDK puts
/// after the address.
async fn below(State((secret, routes)): State<(String, Router)>, mut request: Request) -> Response {
    let path = request.uri().path().strip_prefix(&secret).map(|path| if path.is_empty() { "/" } else { path });
    let Some(Ok(path)) = path.map(str::parse::<Uri>) else { return StatusCode::NOT_FOUND.into_response() };
    *request.uri_mut() = path;
    routes.oneshot(request).await.into_response()
}

/// 128 random bits, in hexadecimal.
fn secret() -> io::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(u128::from_be_bytes(bytes)).map(|number| format!("{number:032x}"))
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    use super::*;

    /// The status of the answer to a request for this path.
    async fn status(server: &Loopback, path: &str) -> String {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer[9..12].to_owned()
    }

    /// Another user of the machine can connect, but does not know the path.
    #[tokio::test]
    async fn only_requests_below_the_secret_path_get_an_answer() {
        let server = Loopback::serve(Router::new().route("/", get(|| async {})).route("/next", get(|| async {}))).await.unwrap();
        let secret = server.secret.clone();
        for (path, expected) in [
            (format!("/{secret}"), "200"),
            (format!("/{secret}/"), "200"),
            (format!("/{secret}/next"), "200"),
            (format!("/{secret}/other"), "404"),
            (format!("/{secret}next"), "404"),
            ("/".to_owned(), "404"),
            ("/next".to_owned(), "404"),
            (format!("/{}/next", "0".repeat(32)), "404"),
        ] {
            assert_eq!(status(&server, &path).await, expected, "{path}");
        }
    }
}
