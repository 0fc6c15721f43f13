//! Runs the real binary with a home directory of its own.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

/// Longer than anything here takes on a busy machine: only something that hangs takes so long.
pub const LONG: Duration = Duration::from_secs(120);

/// The binary that `HEADWAY_BINARY` names. If that is not set, the one that `cargo test --workspace` builds before any
/// test runs, since the command's own tests need it.
///
/// # Panics
///
/// It does not exist; the message says how to build it.
pub fn binary() -> PathBuf {
    if let Some(named) = std::env::var_os("HEADWAY_BINARY") {
        return PathBuf::from(named).canonicalize().unwrap();
    }
    let test = std::env::current_exe().unwrap();
    let profile = test.ancestors().nth(2).unwrap();
    let binary = built(profile.join("headway"));
    if let Some(newer) = newer_source(&binary) {
        eprintln!("warning: {newer} has changed since {} was built; this tests what was there before", binary.display());
    }
    binary
}

/// The program that is built beside that binary, by its path from there: `worker`, `examples/ending-worker`.
///
/// # Panics
///
/// It does not exist; the message says how to build it.
pub fn beside_binary(path: &str) -> PathBuf {
    built(binary().with_file_name("").join(path))
}

/// The same path, of a program that exists.
fn built(program: PathBuf) -> PathBuf {
    assert!(
        program.is_file(),
        "{} is not built: run the tests of the whole workspace (make test), or first: cargo build --workspace --features embedded --bins --examples",
        program.display()
    );
    program
}

/// A source file that is newer than the binary: cargo lists them in a file next to it.
fn newer_source(binary: &Path) -> Option<String> {
    let built = binary.metadata().ok()?.modified().ok()?;
    let list = std::fs::read_to_string(binary.with_extension("d")).ok()?;
    let changed = |path: &&str| Path::new(path).metadata().and_then(|file| file.modified()).is_ok_and(|changed| changed > built);
    list.split_once(':')?.1.split_whitespace().find(changed).map(str::to_owned)
}

/// The path of a file in `examples/`.
///
/// # Panics
///
/// It is not text.
pub fn example(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name);
    path.to_str().unwrap().to_owned()
}

/// A directory in which the binary runs with an empty environment.
#[derive(Debug)]
pub struct Home {
    /// The directory.
    pub dir: tempfile::TempDir,
    binary: PathBuf,
}

/// How a run ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code, unless a signal ended it.
    pub code: Option<i32>,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl Home {
    /// A home for the binary in the directory of this test.
    ///
    /// # Panics
    ///
    /// The binary is not built.
    #[expect(clippy::new_without_default, reason = "it makes a directory, and may panic")]
    pub fn new() -> Self {
        Self::of(binary())
    }

    /// A home for this binary.
    ///
    /// # Panics
    ///
    /// The directory cannot be created.
    pub fn of(binary: impl Into<PathBuf>) -> Self {
        Self { dir: tempfile::tempdir().unwrap(), binary: binary.into() }
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Writes a file into the home directory and returns its name.
    ///
    /// # Panics
    ///
    /// The file cannot be written.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        std::fs::write(self.path().join(name), content).unwrap();
        name.to_owned()
    }

    /// The binary with these arguments, and with pipes for its streams. Ctrl-C ends it, even if it is ignored here: a shell
    /// ignores it for what runs in the background. So does SIGHUP, which `nohup` ignores.
    pub fn command(&self, words: &[&str]) -> Command {
        if cfg!(target_os = "linux") {
            return self.through_env("--default-signal=INT,HUP", words);
        }
        let mut command = Command::new(&self.binary);
        command.args(words);
        self.at_home(command)
    }

    /// The same, with Ctrl-C ignored.
    pub fn command_ignoring_ctrl_c(&self, words: &[&str]) -> Command {
        self.through_env("--ignore-signal=INT", words)
    }

    fn through_env(&self, option: &str, words: &[&str]) -> Command {
        let mut command = Command::new("/usr/bin/env");
        command.arg(option).arg(&self.binary).args(words);
        self.at_home(command)
    }

    fn at_home(&self, mut command: Command) -> Command {
        command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", self.path()).current_dir(self.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

impl Ended {
    /// How this ended.
    ///
    /// # Panics
    ///
    /// It wrote something that is not text.
    pub fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// The only problem on stderr.
    ///
    /// # Panics
    ///
    /// There is something else.
    pub fn problem(&self) -> serde_json::Value {
        assert_eq!(self.stderr.lines().count(), 1, "one problem, one line: {}", self.stderr);
        serde_json::from_str(&self.stderr).unwrap()
    }
}

/// Runs a command to its end.
///
/// # Panics
///
/// It cannot be started.
pub fn run(mut command: Command, stdin: impl AsRef<[u8]>) -> Ended {
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    // The child may not read stdin, and may end before it is written.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_ref());
    ended(child)
}

/// Waits for a child's end.
///
/// # Panics
///
/// It wrote something that is not text.
pub fn ended(child: Child) -> Ended {
    Ended::of(child.wait_with_output().unwrap())
}

/// Sends a signal by its name.
///
/// # Panics
///
/// It cannot be sent.
pub fn signal(name: &str, child: &Child) {
    let sent = Command::new("sh").args(["-c", &format!("kill -{name} {}", child.id())]).status().unwrap();
    assert!(sent.success(), "SIG{name} could not be sent");
}

/// Kills the process with this id; false if it was gone already.
///
/// # Panics
///
/// No process can be started.
pub fn kill(pid: u32) -> bool {
    Command::new("sh").args(["-c", &format!("kill -KILL {pid}")]).stderr(Stdio::null()).status().unwrap().success()
}

/// The child's status, if it ends in time.
///
/// # Panics
///
/// The status cannot be read.
pub fn wait(child: &mut Child, within: Duration) -> Option<ExitStatus> {
    let until = Instant::now() + within;
    while Instant::now() < until {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    None
}
