//! A mail server that plays scenes: one for each connection, and then the last for all that follow.

use std::{
    collections::VecDeque,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use colloquy_chassis::Lifecycle;
use colloquy_mail::mail_transport::smtp::{SmtpSettings, SmtpTransport, TlsMode};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

/// How one connection goes. A step is a command, or `.` for the end of the text.
#[derive(Clone, Copy)]
pub enum Scene {
    /// As it should.
    Well,
    /// This instead of a greeting.
    Greets(&'static str),
    /// This at that step; `{}` in it is what the client said.
    Answers(&'static str, &'static str),
    /// Nothing any more from that step on.
    Hangs(&'static str),
    /// A reset at that step.
    Resets(&'static str),
}

/// A mail that the server has taken.
#[derive(Debug)]
pub struct Taken {
    pub from: String,
    pub recipients: Vec<String>,
    pub message: String,
}

pub struct ScriptedServer {
    pub address: SocketAddr,
    taken: mpsc::UnboundedReceiver<Taken>,
    stage: Arc<Stage>,
}

struct Stage {
    scenes: Mutex<VecDeque<Scene>>,
    /// Every line that a client said, but for texts.
    said: Mutex<Vec<String>>,
    connections: Mutex<usize>,
    taken: mpsc::UnboundedSender<Taken>,
}

impl ScriptedServer {
    pub async fn start(scenes: impl IntoIterator<Item = Scene>) -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap(), scenes).await
    }

    pub async fn start_at(address: SocketAddr, scenes: impl IntoIterator<Item = Scene>) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, taken) = mpsc::unbounded_channel();
        let stage = Arc::new(Stage {
            scenes: Mutex::new(scenes.into_iter().collect()),
            said: Mutex::default(),
            connections: Mutex::default(),
            taken: sender,
        });
        let (tasks, on_stage) = (Lifecycle::default().tasks(), Arc::clone(&stage));
        let connections = tasks.clone();
        tasks.spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                *on_stage.connections.lock().unwrap() += 1;
                let stage = Arc::clone(&on_stage);
                // A client that goes away in the middle is part of the play.
                connections.spawn(async move { drop(stage.play(stream).await) });
            }
        });
        Self {
            address,
            taken,
            stage,
        }
    }

    /// A transport to this server; one that is silent for half a second is too slow.
    pub fn transport(&self) -> SmtpTransport {
        transport(self.address).with_timeout(Duration::from_millis(500))
    }

    /// The next mail that was taken.
    pub async fn next(&mut self) -> Taken {
        let taken = tokio::time::timeout(Duration::from_secs(20), self.taken.recv()).await;
        taken.unwrap().unwrap()
    }

    pub fn has_taken_nothing(&mut self) -> bool {
        self.taken.try_recv().is_err()
    }

    pub fn connections(&self) -> usize {
        *self.stage.connections.lock().unwrap()
    }

    pub fn said(&self) -> Vec<String> {
        self.stage.said.lock().unwrap().clone()
    }
}

/// A transport to a server on this machine.
pub fn transport(address: SocketAddr) -> SmtpTransport {
    SmtpTransport::new(SmtpSettings {
        host: address.ip().to_string(),
        port: address.port(),
        tls: TlsMode::None,
        ca_file: None,
        credentials: None,
    })
    .unwrap()
}

impl Stage {
    fn next_scene(&self) -> Scene {
        let mut scenes = self.scenes.lock().unwrap();
        match scenes.len() {
            0 => Scene::Well,
            1 => scenes[0],
            _ => scenes.pop_front().unwrap(),
        }
    }

    async fn play(&self, stream: TcpStream) -> io::Result<()> {
        let scene = self.next_scene();
        let mut stream = BufReader::new(stream);
        if let Scene::Greets(greeting) = scene {
            return say(&mut stream, greeting).await;
        }
        say(&mut stream, "220 scripted").await?;
        let (mut from, mut recipients) = (String::new(), Vec::new());
        loop {
            let Some(line) = hear(&mut stream).await? else {
                return Ok(());
            };
            self.said.lock().unwrap().push(line.clone());
            let verb = line.split([' ', ':']).next().unwrap_or_default();
            if self.deviates(scene, verb, &line, &mut stream).await? {
                continue;
            }
            let argument = line.split_once(':').map(|(_, rest)| rest.to_owned());
            match verb {
                "EHLO" => say(&mut stream, "250-scripted\r\n250 AUTH PLAIN").await?,
                "AUTH" => say(&mut stream, "235 welcome").await?,
                "MAIL" => {
                    from = argument.unwrap_or_default();
                    say(&mut stream, "250 go on").await?;
                }
                "RCPT" => {
                    recipients.extend(argument);
                    say(&mut stream, "250 go on").await?;
                }
                "DATA" => {
                    say(&mut stream, "354 go on").await?;
                    let message = hear_text(&mut stream).await?;
                    if self.deviates(scene, ".", ".", &mut stream).await? {
                        continue;
                    }
                    let taken = Taken {
                        from: std::mem::take(&mut from),
                        recipients: std::mem::take(&mut recipients),
                        message,
                    };
                    // Sent before the answer, so that a client that was answered finds it.
                    let _ = self.taken.send(taken);
                    say(&mut stream, "250 taken").await?;
                }
                "QUIT" => return say(&mut stream, "221 bye").await,
                _ => say(&mut stream, "500 what").await?,
            }
        }
    }

    /// Whether the scene goes another way at this step, and has gone it.
    async fn deviates(
        &self,
        scene: Scene,
        step: &str,
        line: &str,
        stream: &mut BufReader<TcpStream>,
    ) -> io::Result<bool> {
        match scene {
            Scene::Answers(at, answer) if at == step => {
                say(stream, &answer.replace("{}", line)).await?;
                Ok(true)
            }
            Scene::Hangs(at) if at == step => std::future::pending().await,
            Scene::Resets(at) if at == step => {
                stream.get_ref().set_zero_linger()?;
                Err(io::ErrorKind::ConnectionReset.into())
            }
            _ => Ok(false),
        }
    }
}

async fn say(stream: &mut BufReader<TcpStream>, text: &str) -> io::Result<()> {
    stream.write_all(format!("{text}\r\n").as_bytes()).await
}

async fn hear(stream: &mut BufReader<TcpStream>) -> io::Result<Option<String>> {
    let mut line = String::new();
    let length = stream.read_line(&mut line).await?;
    Ok((length > 0).then(|| line.trim_end_matches("\r\n").to_owned()))
}

/// Up to the lone dot, with stuffed dots taken out.
async fn hear_text(stream: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut text = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if line == ".\r\n" {
            return Ok(text);
        }
        text.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}
