//! `plots RESULTS.json FOLDER`: draws the medians of a `compare --out` file.

mod draw;

use draw::{Bars, Line};
use serde_json::Value;
use std::error::Error;
use std::path::Path;

/// A server and its figure.
type Row = (String, f64);

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(file), Some(folder)) = (args.next(), args.next()) else {
        return Err("plots RESULTS.json FOLDER".into());
    };
    let results: Value = serde_json::from_str(&std::fs::read_to_string(file)?)?;
    let medians = &results["medians"];
    let folder = Path::new(&folder);
    std::fs::create_dir_all(folder)?;

    let panels: Vec<Bars> = OVER
        .iter()
        .filter_map(|&(cell, title, limit)| {
            let floor = medians[cell][limit].as_f64()?;
            let mut rows: Vec<Row> = servers(&medians[cell]).map(|(name, v)| (name, v - floor)).collect();
            rows.sort_by(|a, b| a.1.total_cmp(&b.1));
            Some(Bars { title: title.into(), unit: "µs".into(), rows })
        })
        .collect();
    draw::bars(&folder.join("over-the-limit.svg"), "Cost over the limit, µs of server CPU an operation", &panels)?;

    let mut rows: Vec<Row> = servers(&medians["idle"]).collect();
    rows.sort_by(|a, b| a.1.total_cmp(&b.1));
    let panel = Bars { title: String::new(), unit: "B".into(), rows };
    draw::bars(&folder.join("idle-memory.svg"), "Memory of an idle connection, bytes", &[panel])?;

    let lines = lines(medians, &SIZES);
    draw::lines(&folder.join("payload.svg"), "Cost of an echo, µs of server CPU", "payload, bytes", &lines)?;
    // Where fewer connections were allowed than the cell wants, they stand at what was open.
    let open = OPEN.map(|(cell, wanted)| (cell, results["open"][cell].as_f64().unwrap_or(wanted)));
    let lines = self::lines(medians, &open);
    draw::lines(&folder.join("connections.svg"), "Cost of an echo of 128 bytes, µs of server CPU", "open connections", &lines)?;
    let lines = self::lines(medians, &FIELDS);
    draw::lines(&folder.join("fields.svg"), "Cost of a handshake, µs of server CPU", "header fields", &lines)?;
    let lines = self::lines(medians, &MEMBERS);
    draw::lines(&folder.join("broadcast.svg"), "Cost of a broadcast, µs of server CPU a message delivered", "members", &lines)?;

    let panels: Vec<Bars> = CORES.iter().map(|&(cell, title)| bars_of(medians, cell, title, "µs")).collect();
    draw::bars(&folder.join("cores.svg"), "Cost on one core and on two, µs of server CPU an operation", &panels)?;
    let panels: Vec<Bars> = MEMORY.iter().map(|&(cell, title)| bars_of(medians, cell, title, "B")).collect();
    draw::bars(&folder.join("memory.svg"), "Memory of an idle connection after one echo of 1 KiB, bytes", &panels)?;
    Ok(())
}

/// Cells whose limit is subtracted: cell, title, limit.
const OVER: [(&str, &str, &str); 6] = [
    ("hs-min", "handshake, 6 fields", "limit-101-lean"),
    ("hs-browser", "handshake, 15 fields", "limit-101-lean"),
    ("echo-16", "echo of 16 B", "limit-tcp"),
    ("echo-1kp", "echo of 1 KiB, 16 deep", "limit-tcp"),
    ("text-1k", "echo of 1 KiB text", "limit-ws"),
    ("echo-64k", "echo of 64 KiB", "limit-tcp"),
];

const SIZES: [(&str, f64); 8] = [
    ("echo-16", 16.0),
    ("echo-128", 128.0),
    ("echo-1k", 1024.0),
    ("echo-4k", 4096.0),
    ("echo-16k", 16_384.0),
    ("echo-64k", 65_536.0),
    ("echo-256k", 262_144.0),
    ("echo-1m", 1_048_576.0),
];

const OPEN: [(&str, f64); 4] =
    [("open-64", 64.0), ("open-1k", 1000.0), ("open-10k", 10_000.0), ("open-100k", 100_000.0)];

const FIELDS: [(&str, f64); 3] = [("hs-5", 5.0), ("hs-20", 20.0), ("hs-100", 100.0)];

const MEMBERS: [(&str, f64); 4] =
    [("members-10", 10.0), ("members-100", 100.0), ("members-1k", 1000.0), ("members-10k", 10_000.0)];

const CORES: [(&str, &str); 4] = [
    ("cores-1-echo", "echo, one thread, one core"),
    ("cores-2-echo", "echo, two threads, two cores"),
    ("cores-1-hs", "handshake, one thread, one core"),
    ("cores-2-hs", "handshake, two threads, two cores"),
];

const MEMORY: [(&str, &str); 4] = [
    ("idle", "plain"),
    ("idle-deflate-10k", "deflate agreed"),
    ("idle-tls", "TLS"),
    ("idle-tls-deflate", "TLS, deflate agreed"),
];

/// A cell's figures as bars, the least first.
fn bars_of(medians: &Value, cell: &str, title: &str, unit: &str) -> Bars {
    let mut rows: Vec<Row> = servers(&medians[cell]).collect();
    rows.sort_by(|a, b| a.1.total_cmp(&b.1));
    Bars { title: title.into(), unit: unit.into(), rows }
}

/// Servers of a cell that are no limits and no second style of one.
fn servers(cell: &Value) -> impl Iterator<Item = Row> + '_ {
    cell.as_object()
        .into_iter()
        .flatten()
        .filter(|(name, _)| !name.starts_with("limit-") && !name.contains(':'))
        .filter_map(|(name, value)| Some((name.clone(), value.as_f64()?)))
}

fn lines(medians: &Value, cells: &[(&str, f64)]) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for &(cell, x) in cells {
        let all = medians[cell].as_object().into_iter().flatten();
        for (name, value) in all.filter(|(name, _)| !name.contains(':') && !name.starts_with("limit-tokio")) {
            let Some(y) = value.as_f64() else { continue };
            match lines.iter_mut().find(|line| line.name == *name) {
                Some(line) => line.points.push((x, y)),
                None => lines.push(Line { name: name.clone(), points: vec![(x, y)] }),
            }
        }
    }
    lines.retain(|line| line.points.len() > 1);
    lines
}
