//! Arguments as they are typed, and the help texts.

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;
use outpost_package::{Grant, Grants};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Runs machine-learning models as sandboxed WebAssembly modules.
#[derive(Parser)]
#[command(
    name = "outpost",
    version,
    after_help = "Examples:\n  \
        outpost demo                                 three real models, built and served\n  \
        outpost build model.onnx -o model.wasm       an ONNX file becomes a module\n  \
        outpost inspect model.wasm                   what a module is and asks for\n  \
        outpost run model.wasm --input rows.csv      score a file without a server\n  \
        outpost serve --models modules/              serve a directory of modules"
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Turns a model into a module: one .wasm file that holds everything.
    Build(BuildOptions),
    /// Lays out a project for a guest with code of your own.
    New(NewOptions),
    /// Shows what a module is: name, version, digest, inputs, outputs, imports.
    Inspect(InspectOptions),
    /// Data contracts: what the fields of a request must hold.
    #[command(subcommand)]
    Contract(ContractCommand),
    /// Scores a file without a server.
    Run(RunOptions),
    /// Serves a directory of modules over the Open Inference Protocol.
    Serve(ServeOptions),
    /// Builds sample modules, serves them, and asks each of them something real.
    Demo(DemoOptions),
    /// Prints completions for a shell.
    #[command(after_help = "Example:\n  outpost completions bash > /etc/bash_completion.d/outpost")]
    Completions {
        /// The shell.
        shell: Shell,
    },
}

#[derive(Subcommand)]
pub enum ContractCommand {
    /// Guesses a contract from data, as a part of a manifest to read and to keep.
    #[command(after_help = "Examples:\n  \
        outpost contract infer rows.csv                     shows what it guesses\n  \
        outpost contract infer rows.csv >> manifest.toml    and keeps it")]
    Infer {
        /// A table: a header, then a row a sample; - is standard input.
        #[arg(value_name = "FILE.csv|-", value_hint = ValueHint::FilePath)]
        data: PathBuf,
        /// Where the contract goes [default: standard output].
        #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        output: Option<PathBuf>,
    },
}

/// Where compiled code is kept.
#[derive(Args, Clone)]
pub struct CacheOptions {
    /// Private directory for compiled code [default: outpost in the user's cache directory].
    #[arg(long, value_name = "DIR", env = "OUTPOST_CACHE", value_hint = ValueHint::DirPath)]
    pub cache: Option<PathBuf>,
}

/// What a module may reach outside of itself.
#[derive(Args, Clone)]
pub struct GrantOptions {
    /// Lets modules import parts of WASI: clock, random, log (what they print), or
    /// runtime, which is void and implied by the others [default: nothing].
    #[arg(long = "grant", value_name = "GRANT", value_delimiter = ',')]
    pub grants: Vec<Grant>,
}

impl GrantOptions {
    pub fn set(&self) -> Grants {
        self.grants.iter().copied().collect()
    }
}

#[derive(Args)]
#[command(after_help = "Examples:\n  \
    outpost build model.onnx                     inputs and outputs are read from the model\n  \
    outpost build models/wine/manifest.toml      with a manifest, and checked against references\n  \
    outpost build manifest.toml -o wine.wasm\n  \
    outpost build my-model                       a project of `outpost new`, compiled first\n  \
    outpost build manifest.toml --grant clock    a guest in another language\n\n\
    A manifest:\n  \
    name = \"wine\"\n  \
    version = \"1.0.0\"\n  \
    model = \"model.onnx\"\n\n  \
    [[outputs]]\n  \
    name = \"label\"\n  \
    labels = [\"barolo\", \"grignolino\", \"barbera\"]\n\n  \
    [reference]              # the module is written only if it gives these answers\n  \
    cases = \"cases.json\"\n  \
    absolute = 1e-5")]
pub struct BuildOptions {
    /// A manifest, a directory with one, or an ONNX file.
    #[arg(value_name = "MANIFEST.toml|MODEL.onnx|DIR", value_hint = ValueHint::AnyPath)]
    pub source: PathBuf,
    /// Where the module goes [default: NAME.wasm in this directory].
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
    /// A guest of your own, built on the SDK, instead of the ONNX runtime, or a
    /// component in any language that exports the contract by itself.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub guest: Option<PathBuf>,
    #[command(flatten)]
    pub grants: GrantOptions,
    #[command(flatten)]
    pub cache: CacheOptions,
}

#[derive(Args)]
#[command(after_help = "Examples:\n  \
    outpost new my-model                         a model without ONNX\n  \
    outpost new my-model --around model.onnx     code before and after an ONNX model")]
pub struct NewOptions {
    /// Where the project goes; its name is the model's.
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub directory: PathBuf,
    /// An ONNX file that the code stands around; it is copied.
    #[arg(long, value_name = "MODEL.onnx", value_hint = ValueHint::FilePath)]
    pub around: Option<PathBuf>,
}

#[derive(Args)]
#[command(
    after_help = "Examples:\n  outpost inspect wine.wasm\n  outpost inspect wine.wasm --json | jq .digest"
)]
pub struct InspectOptions {
    /// The module.
    #[arg(value_name = "MODULE.wasm", value_hint = ValueHint::FilePath)]
    pub module: PathBuf,
    /// Prints JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
#[command(after_help = "Examples:\n  \
    outpost run wine.wasm --input request.json       one request of the Open Inference Protocol\n  \
    outpost run wine.wasm --input rows.csv           a column an element, a row a sample\n  \
    outpost run wine.wasm --input rows.jsonl         a request or a record a line\n  \
    outpost run photograph.wasm --input cat.jpg      a picture, for a module that takes one\n  \
    cat rows.csv | outpost run wine.wasm --input - --format csv > scores.csv")]
pub struct RunOptions {
    /// The module.
    #[arg(value_name = "MODULE.wasm", value_hint = ValueHint::FilePath)]
    pub module: PathBuf,
    /// What to score; - is standard input.
    #[arg(short, long, value_name = "FILE|-", default_value = "-", value_hint = ValueHint::FilePath)]
    pub input: PathBuf,
    /// Where the answers go [default: standard output].
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
    /// Format of input and output [default: by the input's extension; JSON for standard input].
    #[arg(long, value_enum)]
    pub format: Option<Format>,
    /// Rows that are scored in one call.
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub batch: u32,
    #[command(flatten)]
    pub grants: GrantOptions,
    #[command(flatten)]
    pub cache: CacheOptions,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One request of the Open Inference Protocol.
    Json,
    /// A header, then a row a sample.
    Csv,
    /// A request, or a record of input names and values, a line.
    Jsonl,
    /// The file itself, such as a picture, for a module with one input of bytes.
    File,
}

#[derive(Args)]
#[command(after_help = "Examples:\n  \
    outpost serve --models modules/\n  \
    outpost serve --models modules/ --listen 0.0.0.0:8080 --log-format json\n  \
    outpost serve --config outpost.toml\n\n\
    A configuration; what is typed on the command line goes before it:\n  \
    models = \"modules\"\n  \
    listen = \"127.0.0.1:8080\"\n  \
    grants = []              # clock, random, log, runtime: what modules may import\n  \
    threads = 2              # guests that run at the same time\n  \
    queue = 128              # requests that may wait\n\n  \
    [limits]                 # the most that any module is granted\n  \
    memory_mib = 512\n  \
    deadline_ms = 2000\n\n  \
    [model.wine.limits]      # the most that this one is granted\n  \
    body_mib = 1\n\n  \
    [model.fan]\n  \
    grants = [\"clock\"]       # instead of the grants of all")]
pub struct ServeOptions {
    /// Directory whose .wasm files are served [default: .].
    #[arg(long, value_name = "DIR", env = "OUTPOST_MODELS", value_hint = ValueHint::DirPath)]
    pub models: Option<PathBuf>,
    /// Address and port [default: 127.0.0.1:8080].
    #[arg(long, value_name = "ADDR", env = "OUTPOST_LISTEN")]
    pub listen: Option<SocketAddr>,
    /// Address and port for operators: metrics, loading and unloading [default: none].
    #[arg(long, value_name = "ADDR", env = "OUTPOST_ADMIN_LISTEN")]
    pub admin_listen: Option<SocketAddr>,
    /// Also listens on this Unix socket.
    #[arg(long, value_name = "PATH", env = "OUTPOST_UNIX_SOCKET", value_hint = ValueHint::FilePath)]
    pub unix_socket: Option<PathBuf>,
    /// Guests that run at the same time [default: one for each core].
    #[arg(long, value_name = "N", env = "OUTPOST_THREADS", value_parser = threads)]
    pub threads: Option<usize>,
    /// Configuration file.
    #[arg(long, value_name = "FILE", env = "OUTPOST_CONFIG", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,
    #[command(flatten)]
    pub grants: GrantOptions,
    #[command(flatten)]
    pub log: LogOptions,
    #[command(flatten)]
    pub cache: CacheOptions,
}

/// More would only take turns on the cores that there are.
fn threads(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(threads @ 1..=256) => Ok(threads),
        _ => Err("must be a whole number from 1 to 256".into()),
    }
}

#[derive(Args, Clone)]
pub struct LogOptions {
    /// Format of the log on standard error.
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
    /// What is logged: error, warn, info, debug, or directives such as outpost_serve=debug.
    #[arg(long, value_name = "FILTER", default_value = "info", env = "OUTPOST_LOG")]
    pub log: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    Text,
    Json,
}

#[derive(Args)]
#[command(after_help = "Example:\n  outpost demo --listen 127.0.0.1:9000")]
pub struct DemoOptions {
    /// Address and port.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Stops after the samples instead of serving on.
    #[arg(long)]
    pub once: bool,
    #[command(flatten)]
    pub cache: CacheOptions,
}
