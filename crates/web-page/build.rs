//! Builds the page of `web/` with npm and Vite, and writes the list of its files for `src/files.rs`. `COLLOQUY_WEB_PAGE`
//! names the folder of a page that was built already, as in the image, where Node is in a stage of its own.
//!
//! Without Node, or without the registry that its packages come from, the build goes on with a page that says how to get
//! the real one. A page that does not compile is an error.

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs::{self, File},
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Names a folder, absolute.
const BUILT_PAGE: &str = "COLLOQUY_WEB_PAGE";

/// What the page is made of, from the root of the repository.
const SOURCES: [&str; 9] = [
    "package-lock.json",
    "web/docs.html",
    "web/index.html",
    "web/package.json",
    "web/public",
    "web/src",
    "web/svelte.config.js",
    "web/vite.config.ts",
    "clients/typescript/src",
];

fn main() -> Result<()> {
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../..");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    println!("cargo::rerun-if-changed=missing.html");
    for source in SOURCES {
        println!("cargo::rerun-if-changed={}", root.join(source).display());
    }
    println!("cargo::rerun-if-env-changed={BUILT_PAGE}");
    if let Some(page) = env::var_os(BUILT_PAGE) {
        println!("cargo::rerun-if-changed={}", page.display());
        fs::write(out.join("files.rs"), list(Path::new(&page))?)?;
        return Ok(());
    }
    let page = out.join("page");
    // Several builds may run in one checkout: a second `npm ci` would take the packages from under this one.
    let lock_file = File::open(root.join("package-lock.json"))?;
    lock_file.lock()?;
    if let Err(reason) = install(&root) {
        println!(
            "cargo::warning=The web page is left out: {reason}. Install Node.js 20 or newer with npm, and build again."
        );
        let _ = fs::remove_dir_all(&page);
        fs::create_dir_all(&page)?;
        for name in ["index.html", "docs.html"] {
            fs::copy("missing.html", page.join(name))?;
        }
        // Tried again at the next build.
        println!("cargo::rerun-if-changed={}", out.join("never").display());
    } else {
        let arguments = ["run", "--silent", "build", "--workspace", "web", "--"];
        let out = ["--emptyOutDir", "--logLevel", "warn", "--outDir"];
        npm(
            &root,
            arguments
                .into_iter()
                .chain(out)
                .map(Path::new)
                .chain([page.as_path()]),
        )?;
    }
    fs::write(out.join("files.rs"), list(&page)?)?;
    Ok(())
}

/// Fetches the packages of the lock file, unless they are there.
fn install(root: &Path) -> Result<()> {
    let lock_file = root.join("package-lock.json");
    let changed = |path: &Path| fs::metadata(path)?.modified();
    let installed = changed(&root.join("node_modules/.package-lock.json"));
    if installed.is_ok_and(|installed| changed(&lock_file).is_ok_and(|lock| lock <= installed)) {
        return Ok(());
    }
    npm(
        root,
        ["ci", "--no-audit", "--no-fund", "--ignore-scripts"].map(Path::new),
    )
}

fn npm<'a>(root: &Path, arguments: impl IntoIterator<Item = &'a Path>) -> Result<()> {
    // What a build script prints to its standard output, cargo reads.
    let output = Command::new("npm")
        .args(arguments.into_iter().map(Path::as_os_str))
        .current_dir(root)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("npm cannot be run ({error})"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    eprintln!("{said}");
    let reason = said.lines().rfind(|line| !line.trim().is_empty());
    Err(format!("npm failed ({})", reason.unwrap_or("it says nothing")).into())
}

/// The source of a list of the page's files. Vite has put `.br` and `.gz` beside those that it compressed.
fn list(page: &Path) -> Result<String> {
    let mut paths = Vec::new();
    walk(page, &mut paths)?;
    paths.sort();
    let mut source = String::from("[\n");
    for path in &paths {
        let name = path
            .strip_prefix(page)?
            .to_str()
            .ok_or("a name that is no text")?;
        if name.ends_with(".br") || name.ends_with(".gz") {
            continue;
        }
        let mut hasher = DefaultHasher::new();
        fs::read(path)?.hash(&mut hasher);
        let include = |path: &Path| format!("include_bytes!({path:?})");
        let packed = |ending: &str| {
            let packed = PathBuf::from(format!("{}.{ending}", path.display()));
            if packed.exists() {
                format!("Some({})", include(&packed))
            } else {
                "None".to_owned()
            }
        };
        writeln!(
            source,
            "File {{ path: \"/{name}\", version: \"\\\"{:016x}\\\"\", plain: {}, brotli: {}, gzip: {} }},",
            hasher.finish(),
            include(path),
            packed("br"),
            packed("gz"),
        )?;
    }
    source.push(']');
    Ok(source)
}

fn walk(folder: &Path, paths: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            walk(&path, paths)?;
        } else {
            paths.push(path);
        }
    }
    Ok(())
}
