//! The page's files, inside the binary.

/// The media type and the content of the file at this path; none if there is none.
pub fn find(path: &str) -> Option<(&'static str, &'static [u8])> {
    FILES.iter().find(|(known, _)| *known == path).map(|(path, content)| (kind(path), *content))
}

fn kind(path: &str) -> &'static str {
    match path.rsplit_once('.') {
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "js")) => "text/javascript; charset=utf-8",
        Some((_, "json")) => "application/json",
        Some((_, "svg")) => "image/svg+xml",
        _ => super::page::HTML,
    }
}

macro_rules! files {
    ($($path:literal: $file:literal,)*) => {
        &[$(($path, include_bytes!(concat!("../../web/", $file)).as_slice()),)*]
    };
}

const FILES: &[(&str, &[u8])] = files! {
    "/": "index.html",
    "/page.css": "page.css",
    "/panels.css": "panels.css",
    "/icon.svg": "icon.svg",
    "/main.js": "main.js",
    "/api.js": "api.js",
    "/bytes.js": "bytes.js",
    "/dom.js": "dom.js",
    "/compute.js": "compute.js",
    "/edit.js": "edit.js",
    "/escapes.js": "escapes.js",
    "/presets.js": "presets.js",
    "/copies.js": "copies.js",
    "/live.js": "live.js",
    "/wrong.js": "wrong.js",
    "/play.js": "play.js",
    "/difference.js": "difference.js",
    "/recorded.js": "recorded.js",
    "/recorded.json": "recorded.json",
    "/cache.js": "cache.js",
    "/frames.js": "frames.js",
    "/decode.js": "decode.js",
    "/builder.js": "builder.js",
    "/rules.js": "rules.js",
    "/errors.js": "errors.js",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_has_its_kind_and_nothing_stands_inline() {
        assert_eq!(find("/main.js").map(|(kind, _)| kind), Some("text/javascript; charset=utf-8"));
        let (kind, page) = find("/").expect("the page");
        assert_eq!(kind, "text/html; charset=utf-8");
        let page = String::from_utf8_lossy(page);
        assert!(!page.contains("<style") && !page.contains("style=") && !page.contains("onclick"));
        assert!(find("/Cargo.toml").is_none() && find("/../page.css").is_none());
    }

    #[test]
    fn no_module_writes_markup_or_asks_another_host() {
        for (path, content) in FILES {
            let text = String::from_utf8_lossy(content);
            for word in
                ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"]
            {
                assert!(!text.contains(word), "{path} has {word}");
            }
            if !path.ends_with(".svg") && !path.ends_with(".json") {
                assert!(
                    !text.contains("src=\"http") && !text.contains("url(http"),
                    "{path} loads from elsewhere"
                );
            }
        }
    }
}
