//! Extension offers of the strict server: permessage-deflate by the letter of RFC 7692, with the switches.

use super::Server;
use super::request::Head;
use super::respond::Refusal;

type Parameters = Vec<(String, Option<String>)>;

/// The answer's field, or a refusal.
pub fn extensions(server: &Server, head: &Head) -> Result<Option<String>, Refusal> {
    let mut lines = head.values("Sec-WebSocket-Extensions");
    if lines.is_empty() {
        return Ok(None);
    }
    if server.breaks("server/extension-lines-refused") {
        lines.truncate(1);
    }
    if lines == ["x-webkit-deflate-frame"] && server.breaks("server/extension-unknown-refused") {
        return Err(Refusal::new(400));
    }
    let all = lines.join(",");
    let mut offers = Vec::new();
    for element in all.split(',').map(str::trim).filter(|element| !element.is_empty()) {
        match parse(server, element) {
            Some(offer) => offers.push(offer),
            None if server.breaks("server/extension-offer-malformed") => return Ok(None),
            None => return Err(Refusal::new(400)),
        }
    }
    if offers.is_empty() {
        return if server.breaks("server/extension-offer-malformed") {
            Ok(None)
        } else {
            Err(Refusal::new(400))
        };
    }
    if all == "handfast-unknown" {
        return Ok(match () {
            () if server.breaks("server/extension-unoffered") => Some(all),
            () if server.breaks("server/extension-empty-field") => Some(String::new()),
            () => None,
        });
    }
    let mut deflate: Vec<&Parameters> = offers
        .iter()
        .filter(|(name, _)| name == "permessage-deflate")
        .map(|(_, parameters)| parameters)
        .collect();
    if deflate.len() == 2 && deflate[0].is_empty() && server.breaks("server/deflate-answer-malformed") {
        return Ok(Some("permessage-deflate, permessage-deflate".to_owned()));
    }
    if server.breaks("server/deflate-fallback-ignored") {
        deflate.truncate(1);
    }
    Ok(deflate.into_iter().find_map(|parameters| agree(server, parameters)))
}

fn parse(server: &Server, element: &str) -> Option<(String, Parameters)> {
    let token = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.+".contains(&byte))
    };
    let mut parts = element.split(';').map(str::trim);
    let name = parts.next().filter(|name| token(name))?;
    let mut parameters = Vec::new();
    for part in parts {
        let (key, value) = match part.split_once('=') {
            None => (part, None),
            Some((key, value)) => {
                let bare = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
                let misread = bare == Some("10") && server.breaks("server/extension-quoted-value");
                let kept = if misread { Some("quoted") } else { bare };
                let value = if bare.is_some() { kept.unwrap_or(value) } else { value };
                if !token(value) {
                    return None;
                }
                (key, Some(value.to_owned()))
            }
        };
        if !token(key) {
            return None;
        }
        parameters.push((key.to_owned(), value));
    }
    Some((name.to_owned(), parameters))
}

fn bits(text: &str) -> Option<u8> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|number| digits && (8..=15).contains(number))
}

fn agree(server: &Server, parameters: &Parameters) -> Option<String> {
    let mut answer = "permessage-deflate".to_owned();
    let mut offered_client_bits = false;
    for (at, (name, value)) in parameters.iter().enumerate() {
        if parameters[..at].iter().any(|(other, _)| other == name) {
            if server.breaks("server/deflate-parameter-duplicate") {
                continue;
            }
            return None;
        }
        match (name.as_str(), value.as_deref()) {
            ("server_no_context_takeover", None) => {
                if !server.breaks("server/deflate-server-takeover-ignored") {
                    answer += "; server_no_context_takeover";
                }
            }
            ("client_no_context_takeover", None) => {}
            ("server_max_window_bits", Some("16")) if server.breaks("server/deflate-parameter-value") => {}
            ("server_max_window_bits", Some(value)) => {
                let bits = bits(value).filter(|bits| *bits > 8)?;
                if !server.breaks("server/deflate-server-bits-ignored") {
                    answer += &format!("; server_max_window_bits={bits}");
                }
            }
            ("client_max_window_bits", value) => {
                if let Some(value) = value {
                    bits(value)?;
                }
                offered_client_bits = true;
            }
            _ if server.breaks("server/deflate-parameter-unknown") && name.starts_with("foo") => {}
            _ => return None,
        }
    }
    if parameters.is_empty() && !offered_client_bits && server.breaks("server/deflate-client-bits-unoffered")
    {
        answer += "; client_max_window_bits=12";
    }
    Some(answer)
}
