//! Runs a command under strace and turns its output into effects on files below one directory.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    process::Command,
};

/// Longest string strace writes out; no write of the engines is longer.
const MAX_STRING_BYTES: usize = 64 * 1024 * 1024;
const CALLS: &str = "trace=open,openat,creat,close,write,writev,pwrite64,pwritev,pwritev2,fsync,fdatasync,ftruncate,\
                     truncate,fallocate,lseek,rename,renameat,renameat2,link,linkat,unlink,unlinkat,rmdir,mkdir,\
                     mkdirat,dup,dup2,dup3,mmap";

/// What a call does to the directory. Inodes are numbered by the recording; paths are relative to its root.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Bytes written to an inode at an offset.
    Write(usize, u64, Vec<u8>),
    /// Length of an inode set.
    Truncate(usize, u64),
    /// A new, empty inode under a name.
    Create(PathBuf, usize),
    /// A new directory.
    Mkdir(PathBuf),
    /// A name moved.
    Rename(PathBuf, PathBuf),
    /// A name removed.
    Unlink(PathBuf),
    /// An inode's bytes made durable.
    Fsync(usize),
    /// A directory's names made durable.
    FsyncDir(PathBuf),
    /// A line the writer wrote to its acknowledgement file.
    Ack(String),
}

/// One call with the lines of the trace it began and ended at.
#[derive(Debug, Clone)]
pub struct Call {
    /// Line of the call.
    pub start: usize,
    /// Line of its return.
    pub end: usize,
    /// What it did.
    pub effect: Effect,
}

/// An inode and its bytes.
pub type Content = (usize, Vec<u8>);

/// Everything a process did to a directory, in the order the calls began.
#[derive(Debug, Default)]
pub struct Recording {
    /// What was in the directory before, all of it durable: directories, and files with inode and bytes.
    pub before: Vec<(PathBuf, Option<Content>)>,
    /// The calls that matter.
    pub calls: Vec<Call>,
}

#[derive(Clone)]
enum Target {
    File(usize, u64),
    Dir(PathBuf),
    Acks,
}

/// Runs `command` under strace and keeps what it did below `root`, and what it wrote to the file `acks`.
/// Fails when strace is missing, when the command fails, or on a call the replay does not know.
pub fn record(
    command: &Command,
    root: &Path,
    acks: &Path,
    trace: &Path,
) -> Result<Recording, String> {
    let mut strace = Command::new("strace");
    strace
        .args(["-f", "-qq", "--seccomp-bpf", "-xx", "-s"])
        .arg(MAX_STRING_BYTES.to_string());
    strace
        .args(["-e", CALLS, "-e", "signal=none", "-o"])
        .arg(trace)
        .arg(command.get_program())
        .args(command.get_args());
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            strace.env(name, value);
        }
    }
    let mut reader = Reader {
        root,
        acks,
        fds: HashMap::new(),
        names: HashMap::new(),
        dirs: Vec::new(),
        inodes: 0,
    };
    let mut recording = Recording::default();
    reader
        .before(root, &mut recording)
        .map_err(|e| format!("the directory could not be read: {e}"))?;
    let out = strace
        .output()
        .map_err(|e| format!("strace did not start (apt-get install strace): {e}"))?;
    if !out.status.success() {
        let text = String::from_utf8_lossy(&out.stderr).into_owned()
            + &String::from_utf8_lossy(&out.stdout);
        return Err(format!("the writer failed: {text}"));
    }
    let text = std::fs::read_to_string(trace).map_err(|e| format!("no trace: {e}"))?;
    let mut unfinished: HashMap<&str, (usize, &str)> = HashMap::new();
    for (line, text) in text.lines().enumerate() {
        let Some((pid, rest)) = text.split_once(' ') else {
            continue;
        };
        let rest = rest.trim_start();
        let (start, head, tail) = if let Some(head) = rest.strip_suffix(" <unfinished ...>") {
            unfinished.insert(pid, (line, head));
            continue;
        } else if rest.starts_with("<... ") {
            let Some((start, head)) = unfinished.remove(pid) else {
                continue;
            };
            (
                start,
                head,
                rest.split_once("resumed>").map_or("", |(_, tail)| tail),
            )
        } else {
            (line, rest, "")
        };
        let whole = format!("{head}{tail}");
        for effect in reader
            .call(&whole)
            .map_err(|e| format!("{e}: {}", whole.get(..200).unwrap_or(&whole)))?
        {
            recording.calls.push(Call {
                start,
                end: line,
                effect,
            });
        }
    }
    // What never returned may have happened all the same, but no engine exits with a write under way.
    recording.calls.sort_by_key(|call| call.start);
    Ok(recording)
}

struct Reader<'a> {
    root: &'a Path,
    acks: &'a Path,
    fds: HashMap<i64, Target>,
    names: HashMap<PathBuf, usize>,
    dirs: Vec<PathBuf>,
    inodes: usize,
}

impl Reader<'_> {
    fn before(&mut self, dir: &Path, recording: &mut Recording) -> std::io::Result<()> {
        for entry in std::fs::read_dir(dir)? {
            let path = entry?.path();
            let name = path.strip_prefix(self.root).unwrap_or(&path).to_owned();
            if path.is_dir() {
                self.dirs.push(name.clone());
                recording.before.push((name, None));
                self.before(&path, recording)?;
            } else {
                self.names.insert(name.clone(), self.inodes);
                recording
                    .before
                    .push((name, Some((self.inodes, std::fs::read(&path)?))));
                self.inodes += 1;
            }
        }
        Ok(())
    }

    fn call(&mut self, text: &str) -> Result<Vec<Effect>, String> {
        let Some((name, rest)) = text.split_once('(') else {
            return Ok(Vec::new());
        };
        let Some((args, ret)) = rest.rsplit_once(" = ") else {
            return Ok(Vec::new());
        };
        let ret: i64 = ret
            .split(' ')
            .next()
            .and_then(|ret| ret.parse().ok())
            .unwrap_or(0);
        if ret < 0 {
            return Ok(Vec::new());
        }
        let args = args.trim_end();
        let args: Vec<&str> = args.strip_suffix(')').unwrap_or(args).split(", ").collect();
        let arg = |n: usize| args.get(n).copied().unwrap_or("");
        let number = |n: usize| arg(n).parse::<i64>().unwrap_or(-1);
        match name {
            "open" | "creat" => self.open(arg(0), arg(1), ret),
            "openat" => self.open(arg(1), arg(2), ret),
            "close" => {
                self.fds.remove(&number(0));
                Ok(Vec::new())
            }
            "write" => self.write(number(0), None, arg(1), ret),
            "pwrite64" => self.write(number(0), u64::try_from(number(3)).ok(), arg(1), ret),
            "fsync" | "fdatasync" => Ok(match self.fds.get(&number(0)) {
                Some(Target::File(inode, _)) => vec![Effect::Fsync(*inode)],
                Some(Target::Dir(dir)) => vec![Effect::FsyncDir(dir.clone())],
                Some(Target::Acks) | None => Vec::new(),
            }),
            "ftruncate" => Ok(match self.fds.get(&number(0)) {
                Some(Target::File(inode, _)) => {
                    vec![Effect::Truncate(*inode, number(1).unsigned_abs())]
                }
                _ => Vec::new(),
            }),
            "lseek" => {
                if let Some(Target::File(_, at)) = self.fds.get_mut(&number(0)) {
                    *at = ret.unsigned_abs();
                }
                Ok(Vec::new())
            }
            "rename" => self.rename(arg(0), arg(1)),
            "renameat" | "renameat2" => self.rename(arg(1), arg(3)),
            "unlink" => Ok(self.unlink(arg(0))),
            "unlinkat" => Ok(self.unlink(arg(1))),
            "mkdir" => Ok(self.mkdir(arg(0))),
            "mkdirat" => Ok(self.mkdir(arg(1))),
            "mmap" if arg(3).contains("MAP_SHARED") && self.fds.contains_key(&number(4)) => {
                Err("a shared mapping is not recorded".into())
            }
            "writev" | "pwritev" | "pwritev2" | "fallocate" | "dup" | "dup2" | "dup3"
                if self.fds.contains_key(&number(0)) =>
            {
                Err("a call the replay does not know".into())
            }
            "truncate" | "link" | "linkat" | "rmdir" if self.inside(arg(0)).is_some() => {
                Err("a call the replay does not know".into())
            }
            _ => Ok(Vec::new()),
        }
    }

    fn inside(&self, arg: &str) -> Option<PathBuf> {
        let path = PathBuf::from(String::from_utf8(unhex(arg)).ok()?);
        Some(path.strip_prefix(self.root).ok()?.to_owned())
    }

    fn open(&mut self, arg: &str, flags: &str, fd: i64) -> Result<Vec<Effect>, String> {
        self.fds.remove(&fd);
        if unhex(arg) == self.acks.as_os_str().as_encoded_bytes() {
            self.fds.insert(fd, Target::Acks);
            return Ok(Vec::new());
        }
        let Some(path) = self.inside(arg) else {
            return Ok(Vec::new());
        };
        if self.dirs.contains(&path) || path.as_os_str().is_empty() {
            self.fds.insert(fd, Target::Dir(path));
            return Ok(Vec::new());
        }
        if flags.contains("O_APPEND") {
            return Err("appending is not replayed".into());
        }
        let mut effects = Vec::new();
        let inode = match self.names.get(&path) {
            Some(inode) => {
                if flags.contains("O_TRUNC") {
                    effects.push(Effect::Truncate(*inode, 0));
                }
                *inode
            }
            None => {
                let inode = self.inodes;
                self.inodes += 1;
                effects.push(Effect::Create(path.clone(), inode));
                self.names.insert(path, inode);
                inode
            }
        };
        self.fds.insert(fd, Target::File(inode, 0));
        Ok(effects)
    }

    fn write(
        &mut self,
        fd: i64,
        at: Option<u64>,
        arg: &str,
        ret: i64,
    ) -> Result<Vec<Effect>, String> {
        let Some(target) = self.fds.get_mut(&fd) else {
            return Ok(Vec::new());
        };
        let mut bytes = unhex(arg);
        let len = usize::try_from(ret).map_err(|e| e.to_string())?;
        if bytes.len() < len {
            return Err("strace cut a string".into());
        }
        bytes.truncate(len);
        Ok(match target {
            Target::File(inode, position) => {
                let offset = at.unwrap_or(*position);
                if at.is_none() {
                    *position += ret.unsigned_abs();
                }
                vec![Effect::Write(*inode, offset, bytes)]
            }
            Target::Acks => String::from_utf8_lossy(&bytes)
                .lines()
                .map(|line| Effect::Ack(line.to_owned()))
                .collect(),
            Target::Dir(_) => Vec::new(),
        })
    }

    fn rename(&mut self, from: &str, to: &str) -> Result<Vec<Effect>, String> {
        let (Some(from), Some(to)) = (self.inside(from), self.inside(to)) else {
            return Ok(Vec::new());
        };
        if from.parent() != to.parent() {
            return Err("a rename across directories is not replayed".into());
        }
        let inode = self.names.remove(&from).ok_or("a directory was renamed")?;
        self.names.insert(to.clone(), inode);
        Ok(vec![Effect::Rename(from, to)])
    }

    fn unlink(&mut self, arg: &str) -> Vec<Effect> {
        let Some(path) = self.inside(arg) else {
            return Vec::new();
        };
        self.names.remove(&path);
        vec![Effect::Unlink(path)]
    }

    fn mkdir(&mut self, arg: &str) -> Vec<Effect> {
        let Some(path) = self.inside(arg) else {
            return Vec::new();
        };
        self.dirs.push(path.clone());
        vec![Effect::Mkdir(path)]
    }
}

/// The bytes of a string argument, which strace wrote as `"\x41\x42"`.
fn unhex(arg: &str) -> Vec<u8> {
    let digit = |d: u8| {
        char::from(d)
            .to_digit(16)
            .and_then(|d| u8::try_from(d).ok())
            .unwrap_or(0)
    };
    let inner = arg.trim_matches('"').as_bytes();
    inner
        .chunks_exact(4)
        .map(|hex| (digit(hex[2]) << 4) | digit(hex[3]))
        .collect()
}
