//! Removes the base path, if a custom domain maps this API below one (its mapping key) and the event's path has it. API Gateway ignores
//! the base path when it looks for a route, and the routes here do not have it. By its guide it is not in `rawPath` either
//! (*API Gateway Developer Guide*, Create AWS Lambda proxy integrations for HTTP APIs); in events that others recorded it is. Both work.
//!
//! Nothing has to be configured: the event names the route, and the part of the path before it is the base path.

use http::Request;
use http::uri::{PathAndQuery, Uri};
use lambda_http::RequestExt as _;
use lambda_http::request::RequestContext;

/// API Gateway's name for the rest of a path in a route.
const REST: &str = "proxy";

/// The request without its base path. A request that did not come through a route of an HTTP API is not changed.
#[must_use]
pub fn strip<B>(mut request: Request<B>) -> Request<B> {
    let stripped = route_path(&request).and_then(|path| {
        let base = base_of(request.uri().path(), &path)?;
        without(request.uri(), base)
    });
    if let Some(uri) = stripped {
        *request.uri_mut() = uri;
    }
    request
}

/// The path of the route, with the value of `{proxy+}` filled in.
fn route_path<B>(request: &Request<B>) -> Option<String> {
    let Some(RequestContext::ApiGatewayV2(context)) = request.request_context_ref() else { return None };
    let (_, route) = context.route_key.as_deref()?.split_once(' ')?;
    match route.strip_suffix("{proxy+}") {
        None => Some(route.to_owned()),
        Some(before) => request.path_parameters_ref()?.first(REST).map(|rest| format!("{before}{rest}")),
    }
}

/// How many bytes of the path come before the route's path: the base path.
fn base_of(path: &str, route: &str) -> Option<usize> {
    if path == route {
        return None;
    }
    // `https://example.com/key`, where the route is `/`.
    if route == "/" && !path.ends_with('/') {
        return Some(path.len());
    }
    let route = decoded(route);
    let mut ends = path.match_indices('/').map(|(at, _)| at).filter(|at| *at > 0);
    ends.find(|at| decoded(&path[*at..]) == route)
}

/// The gateway may pass on a parameter decoded and the path encoded, so both are compared decoded.
fn decoded(path: &str) -> Vec<u8> {
    // Decoded like a query's value, in which `+` would be a space.
    let text = path.replace('+', "%2B");
    form_urlencoded::parse(text.as_bytes()).next().map(|(name, _)| name.into_owned().into_bytes()).unwrap_or_default()
}

fn without(uri: &Uri, base: usize) -> Option<Uri> {
    let rest = &uri.path_and_query()?.as_str()[base..];
    let path = if rest.starts_with('/') { rest.to_owned() } else { format!("/{rest}") };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(path).ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The path and query of a request after the base path has been removed.
    fn left(route: &str, path: &str, query: &str, rest: Option<&str>) -> String {
        let event = json!({"version": "2.0", "rawPath": path, "rawQueryString": query, "isBase64Encoded": false, "body": "",
            "headers": {"host": "jobs.example"}, "pathParameters": rest.map(|rest| json!({"proxy": rest})),
            "requestContext": {"stage": "$default", "routeKey": route, "http": {"method": "GET", "path": path}}});
        let request = strip(lambda_http::request::from_str(&event.to_string()).unwrap());
        request.uri().path_and_query().unwrap().to_string()
    }

    const JOBS: &str = "ANY /v1/{proxy+}";

    #[test]
    fn a_base_path_before_the_route_is_removed() {
        for (route, path, query, rest, expected) in [
            // Without a base path, or with one that the gateway has removed.
            (JOBS, "/v1/jobs", "", Some("jobs"), "/v1/jobs"),
            (JOBS, "/v1/jobs", "pageSize=1", Some("jobs"), "/v1/jobs?pageSize=1"),
            (JOBS, "/v1/jobs/a%20b", "", Some("jobs/a b"), "/v1/jobs/a%20b"),
            (JOBS, "/v1/v1/v1", "", Some("v1/v1"), "/v1/v1/v1"),
            ("ANY /healthz", "/healthz", "", None, "/healthz"),
            ("ANY /", "/", "", None, "/"),
            // With one.
            (JOBS, "/back/v1/jobs/7", "", Some("jobs/7"), "/v1/jobs/7"),
            (JOBS, "/back/office/v1/jobs", "pageSize=1", Some("jobs"), "/v1/jobs?pageSize=1"),
            (JOBS, "/v1/v1/jobs", "", Some("jobs"), "/v1/jobs"),
            (JOBS, "/v1/v1/v1/v1", "", Some("v1/v1"), "/v1/v1/v1"),
            (JOBS, "/back/v1/jobs/a%20b", "", Some("jobs/a b"), "/v1/jobs/a%20b"),
            (JOBS, "/back/v1/jobs/a+b%2Fc&d", "", Some("jobs/a+b/c&d"), "/v1/jobs/a+b%2Fc&d"),
            ("ANY /healthz", "/back/healthz", "", None, "/healthz"),
            ("ANY /docs", "/docs/docs", "", None, "/docs"),
            ("ANY /", "/back/", "", None, "/"),
            ("ANY /", "/back", "token=1", None, "/?token=1"),
            // The base path of these cannot be known.
            ("$default", "/back/v1/jobs", "", None, "/back/v1/jobs"),
            (JOBS, "/back/v1/jobs", "", None, "/back/v1/jobs"),
            (JOBS, "/elsewhere", "", Some("jobs"), "/elsewhere"),
        ] {
            assert_eq!(left(route, path, query, rest), expected, "{route} {path}");
        }
    }

    #[test]
    fn a_request_without_a_gateway_is_not_changed() {
        let request = strip(Request::get("http://127.0.0.1:7070/back/v1/jobs?x=1").body(()).unwrap());
        assert_eq!(request.uri(), "http://127.0.0.1:7070/back/v1/jobs?x=1");
    }
}
