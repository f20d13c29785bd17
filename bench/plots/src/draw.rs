//! Bars and lines, in colours that people with any colour vision tell apart (Okabe and Ito's).

use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::error::Error;
use std::path::Path;

/// A panel of horizontal bars.
pub struct Bars {
    pub title: String,
    pub unit: String,
    pub rows: Vec<(String, f64)>,
}

/// A line.
pub struct Line {
    pub name: String,
    pub points: Vec<(f64, f64)>,
}

type Outcome = Result<(), Box<dyn Error>>;

const OURS: RGBColor = RGBColor(0, 114, 178);
const THEIRS: RGBColor = RGBColor(170, 170, 170);
const LINES: [RGBColor; 7] = [
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(0, 158, 115),
    RGBColor(213, 94, 0),
    RGBColor(204, 121, 167),
    RGBColor(148, 103, 189),
    RGBColor(140, 86, 75),
];
const WIDTH: u32 = 860;
const ROW: i32 = 22;
const LABELS: i32 = 170;

/// Panels of bars, two beside each other. A bar over six times as long as the median is cut, and its figure says so.
pub fn bars(file: &Path, title: &str, panels: &[Bars]) -> Outcome {
    let panels: Vec<&Bars> = panels.iter().filter(|panel| !panel.rows.is_empty()).collect();
    if panels.is_empty() {
        return Ok(());
    }
    let columns = if panels.len() > 1 { 2 } else { 1 };
    let most = panels.iter().map(|panel| panel.rows.len()).max().unwrap_or(0) as i32;
    let height = 34 + most * ROW + 12;
    let lines = panels.len().div_ceil(columns) as i32;
    let size = (WIDTH, (40 + lines * height) as u32);
    let root = SVGBackend::new(file, size).into_drawing_area();
    root.fill(&WHITE)?;
    root.draw_text(title, &text(17), (12, 12))?;
    let width = WIDTH as i32 / columns as i32;
    for (number, panel) in panels.iter().enumerate() {
        let (left, top) = ((number % columns) as i32 * width, 40 + (number / columns) as i32 * height);
        root.draw_text(&panel.title, &text(14), (left + 12, top))?;
        let mut sorted: Vec<f64> = panel.rows.iter().map(|row| row.1).collect();
        sorted.sort_by(f64::total_cmp);
        let longest = sorted.last().copied().unwrap_or(1.0).min(sorted[sorted.len() / 2] * 6.0).max(1e-9);
        let room = f64::from(width - LABELS - 90);
        for (at, (name, value)) in panel.rows.iter().enumerate() {
            let y = top + 26 + at as i32 * ROW;
            let length = (value.min(longest).max(0.0) / longest * room) as i32;
            let colour = if name.starts_with("handfast") { OURS } else { THEIRS };
            let right = text(13).pos(Pos::new(HPos::Right, VPos::Top));
            root.draw_text(name, &right, (left + LABELS - 8, y))?;
            let from = left + LABELS;
            root.draw(&Rectangle::new([(from, y), (from + length.max(1), y + ROW - 7)], colour.filled()))?;
            let cut = if *value > longest { "… " } else { "" };
            let figure = format!("{cut}{} {}", figure(*value), panel.unit);
            root.draw_text(&figure, &text(13), (from + length + 5, y))?;
        }
    }
    root.present()?;
    Ok(())
}

/// Lines over a logarithmic axis. The one upwards is logarithmic too where the values differ much, and else begins at 0.
pub fn lines(file: &Path, title: &str, across: &str, lines: &[Line]) -> Outcome {
    let all = || lines.iter().flat_map(|line| line.points.iter().copied());
    let span = |values: &mut dyn Iterator<Item = f64>| {
        values.fold((f64::MAX, f64::MIN), |(least, most), v| (least.min(v), most.max(v)))
    };
    if lines.is_empty() {
        return Ok(());
    }
    let x = span(&mut all().map(|point| point.0));
    let (y0, y1) = span(&mut all().map(|point| point.1));
    if y1 > y0 * 20.0 {
        chart(file, title, across, lines, x, (y0 * 0.8..y1 * 1.25).log_scale())
    } else {
        chart(file, title, across, lines, x, 0.0..y1 * 1.4)
    }
}

fn chart<Y>(file: &Path, title: &str, across: &str, lines: &[Line], (x0, x1): (f64, f64), y: Y) -> Outcome
where
    Y: AsRangedCoord<Value = f64>,
    Y::CoordDescType: ValueFormatter<f64>,
{
    let root = SVGBackend::new(file, (WIDTH, 480)).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .caption(title, text(17))
        .margin(12)
        .x_label_area_size(44)
        .y_label_area_size(56)
        .build_cartesian_2d((x0..x1).log_scale(), y)?;
    chart
        .configure_mesh()
        .x_desc(across)
        .x_label_formatter(&|v| whole(*v))
        .y_label_formatter(&|v| figure(*v))
        .label_style(text(13))
        .light_line_style(WHITE)
        .draw()?;
    let mut colours = LINES.iter().cycle();
    for line in lines {
        let (colour, wide) = match line.name.as_str() {
            name if name.starts_with("handfast") => (OURS, 3),
            name if name.starts_with("limit-") => (BLACK, 1),
            _ => (*colours.next().unwrap_or(&THEIRS), 1),
        };
        let style = colour.stroke_width(wide);
        chart
            .draw_series(LineSeries::new(line.points.iter().copied(), style))?
            .label(&line.name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], style));
        let radius = wide + 1;
        chart.draw_series(line.points.iter().map(|point| Circle::new(*point, radius, colour.filled())))?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.85))
        .label_font(text(13))
        .draw()?;
    root.present()?;
    Ok(())
}

fn text(size: i32) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&BLACK)
}

/// A number of things or bytes.
fn whole(value: f64) -> String {
    if value >= 10_000.0 { figure(value) } else { format!("{value:.0}") }
}

fn figure(value: f64) -> String {
    match value.abs() {
        v if v >= 10_000.0 => format!("{:.0} k", value / 1000.0),
        v if v >= 100.0 => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}
