//! The only file that prints. Standard output carries data, standard error everything else.

use std::io::{self, IsTerminal, Write};
use std::sync::OnceLock;

/// When to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What a piece of text is. Each has a colour, and none means anything that the words do not say as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// A heading, an id.
    Strong,
    /// Beside the point.
    Dim,
    /// As it should be, or sent by us.
    Good,
    /// Received.
    Calm,
    /// Wrong.
    Bad,
}

/// Which stream a text is meant for: each is coloured only if it is a terminal itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Data,
    /// Standard error.
    Talk,
}

/// Decides once about colours. Later calls change nothing.
pub fn set_color(color: Color) {
    let wanted = |terminal: bool| match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
    };
    // A second call, which no command makes, would find the cell set; the first decision holds.
    let _ = COLORED.set((wanted(io::stdout().is_terminal()), wanted(io::stderr().is_terminal())));
}

/// Whether texts for `stream` are coloured.
pub fn is_colored(stream: Stream) -> bool {
    let (data, talk) = COLORED.get().copied().unwrap_or_default();
    match stream {
        Stream::Data => data,
        Stream::Talk => talk,
    }
}

/// `text` in the colour of `tone`, if `stream` has colours.
pub fn paint(stream: Stream, tone: Tone, text: &str) -> String {
    if !is_colored(stream) || text.is_empty() {
        return text.to_owned();
    }
    let code = match tone {
        Tone::Strong => "1",
        Tone::Dim => "2",
        Tone::Good => "32",
        Tone::Calm => "36",
        Tone::Bad => "31",
    };
    format!("\x1b[{code}m{text}\x1b[0m")
}

/// Writes one line of data to standard output at once.
///
/// Fails when nobody reads it any more, or when it cannot be written.
pub fn data(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(line.as_bytes())?;
    out.write_all(b"\n")?;
    out.flush()
}

/// Writes one line for people to standard error. If that fails, there is nobody left to tell.
pub fn talk(line: &str) {
    // In one piece, because standard error has no buffer, and others may write to it too.
    let _ = io::stderr().lock().write_all(format!("{line}\n").as_bytes());
}

/// Shows on a terminal how many of how many steps are done, in one line that is written over. Quiet in a pipe.
pub fn progress(done: usize, total: usize) {
    progress_text(&format!("{done} of {total}"));
}

/// Shows on a terminal how far it has come, in one line that is written over. Quiet in a pipe.
pub fn progress_text(text: &str) {
    let mut err = io::stderr().lock();
    if err.is_terminal() {
        // Only for the eye: if it cannot be written, nothing is lost.
        let _ = write!(err, "\r{text}").and_then(|()| err.flush());
    }
}

/// Takes the line of [`progress_text`] away.
pub fn end_progress() {
    let mut err = io::stderr().lock();
    if err.is_terminal() {
        let _ = write!(err, "\r\x1b[K").and_then(|()| err.flush());
    }
}

/// Writes an error to standard error, marked as the program's own.
pub fn complain(message: &str) {
    talk(&format!("{} {message}", paint(Stream::Talk, Tone::Bad, "handfast:")));
}

/// Writes what clap has to say: help and version are data, a usage error is not.
pub fn usage(error: &clap::Error) -> io::Result<()> {
    let stream = if error.use_stderr() { Stream::Talk } else { Stream::Data };
    let text = error.render();
    let text = if is_colored(stream) { text.ansi().to_string() } else { text.to_string() };
    match stream {
        Stream::Data => data(text.trim_end()),
        Stream::Talk => {
            talk(text.trim_end());
            Ok(())
        }
    }
}

/// Whether a person sits at both ends: keyboard and screen.
pub fn is_interactive() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal() && io::stderr().is_terminal()
}

/// Columns to wrap at: those of the terminal, between 40 and 100; 100 where there is none.
pub fn columns() -> usize {
    let terminal = if io::stdout().is_terminal() { terminal_size::terminal_size() } else { None };
    terminal.map_or(100, |(width, _)| usize::from(width.0).clamp(40, 100))
}

/// A terminal with a prompt on its last line, and everything else above it. Dropping it gives the terminal back.
pub struct Screen {
    editor: rustyline_async::Readline,
    above: rustyline_async::SharedWriter,
}

/// What a person did at the prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entered {
    /// A line, without its end.
    Line(String),
    /// Ctrl-D.
    End,
    /// Ctrl-C.
    Interrupt,
}

impl Screen {
    /// Takes over the terminal and shows the prompt. Fails when there is none that can be taken over.
    pub fn new(prompt: &str) -> io::Result<Self> {
        let (mut editor, above) =
            rustyline_async::Readline::new(prompt.to_owned()).map_err(io::Error::other)?;
        editor.should_print_line_on(true, false);
        Ok(Self { editor, above })
    }

    /// Shows a line above the prompt, as soon as [`Screen::enter`] waits or the screen is dropped.
    pub fn show(&mut self, line: &str) -> io::Result<()> {
        let line = format!("{line}\n");
        match self.above.write_all(line.as_bytes()) {
            // Its queue is full: it holds the line already, and takes it once it is emptied.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.editor.flush().map_err(io::Error::other)?;
                self.above.write(b"").map(drop)
            }
            written => written,
        }
    }

    /// Waits for a person. Cancel safe: what was typed so far stays at the prompt.
    pub async fn enter(&mut self) -> io::Result<Entered> {
        match self.editor.readline().await {
            Ok(rustyline_async::ReadlineEvent::Line(line)) => {
                if !line.trim().is_empty() {
                    self.editor.add_history_entry(line.clone());
                }
                Ok(Entered::Line(line))
            }
            Ok(rustyline_async::ReadlineEvent::Eof) => Ok(Entered::End),
            Ok(rustyline_async::ReadlineEvent::Interrupted) => Ok(Entered::Interrupt),
            Err(error) => Err(io::Error::other(error)),
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // What cannot be shown any more is lost with the terminal.
        let _ = self.editor.flush();
    }
}

/// Whether standard output and standard error are coloured.
static COLORED: OnceLock<(bool, bool)> = OnceLock::new();
