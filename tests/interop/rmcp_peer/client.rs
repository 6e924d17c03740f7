//! The client: goes through the cells and prints how each ended.

use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rmcp::model::*;
use rmcp::service::{
    NotificationContext, PeerRequestOptions, RequestContext, RoleClient, RunningService,
};
use rmcp::{ClientHandler, ClientLifecycleMode, ClientServiceExt, ErrorData};
use serde_json::{Value, json};

use crate::Fault;

/// What the server told on its own.
#[derive(Clone, Default)]
struct Ears {
    modern: bool,
    progress: Arc<Mutex<Vec<f64>>>,
    logs: Arc<Mutex<Vec<Value>>>,
    updates: Arc<Mutex<Vec<String>>>,
}

fn heard<T: Clone>(list: &Mutex<Vec<T>>) -> Vec<T> {
    list.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

fn note<T>(list: &Mutex<Vec<T>>, what: T) {
    list.lock().unwrap_or_else(PoisonError::into_inner).push(what);
}

fn forget<T>(list: &Mutex<Vec<T>>) {
    list.lock().unwrap_or_else(PoisonError::into_inner).clear();
}

fn wire<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, ErrorData> {
    serde_json::from_value(value)
        .map_err(|fault| ErrorData::internal_error(fault.to_string(), None))
}

impl ClientHandler for Ears {
    async fn create_message(
        &self,
        _: CreateMessageRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<CreateMessageResult, ErrorData> {
        wire(
            json!({"role": "assistant", "content": {"type": "text", "text": "The model"}, "model": "m", "stopReason": "endTurn"}),
        )
    }

    async fn list_roots(
        &self,
        _: RequestContext<RoleClient>,
    ) -> Result<ListRootsResult, ErrorData> {
        wire(json!({"roots": [{"uri": "file:///interop", "name": "interop"}]}))
    }

    async fn create_elicitation(
        &self,
        _: ElicitRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        wire(json!({"action": "accept", "content": {"response": "yes"}}))
    }

    async fn on_progress(
        &self,
        params: ProgressNotificationParam,
        _: NotificationContext<RoleClient>,
    ) {
        note(&self.progress, params.progress);
    }

    async fn on_logging_message(
        &self,
        params: LoggingMessageNotificationParam,
        _: NotificationContext<RoleClient>,
    ) {
        note(&self.logs, params.data);
    }

    async fn on_resource_updated(
        &self,
        params: ResourceUpdatedNotificationParam,
        _: NotificationContext<RoleClient>,
    ) {
        note(&self.updates, params.uri);
    }

    fn get_info(&self) -> ClientConfig {
        let mut capabilities: ClientCapabilities = serde_json::from_value(
            json!({"sampling": {}, "elicitation": {"form": {}}, "roots": {"listChanged": true}}),
        )
        .unwrap_or_default();
        if self.modern {
            capabilities.extensions =
                serde_json::from_value(json!({"io.modelcontextprotocol/tasks": {}}))
                    .unwrap_or_default();
        }
        let mut config = ClientConfig::default();
        config.capabilities = capabilities;
        config.protocol_version = ProtocolVersion::V_2025_11_25;
        config
    }
}

/// One server's cells.
struct Cells<'a> {
    client: &'a RunningService<RoleClient, Ears>,
    ears: &'a Ears,
    name: &'a str,
    prefix: &'a str,
}

/// Goes through the task's cells; fails only when there is nothing to talk to.
pub(crate) async fn run(modern: bool, task: &str) -> Result<(), Fault> {
    let task: Value = serde_json::from_str(task)?;
    let target: Vec<String> = serde_json::from_value(task["target"].clone())?;
    let (command, arguments) = target.split_first().ok_or("no command")?;
    let mut child = tokio::process::Command::new(command)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let transport =
        (child.stdout.take().ok_or("no stdout")?, child.stdin.take().ok_or("no stdin")?);
    let ears = Ears { modern, ..Ears::default() };
    let mode = if modern {
        ClientLifecycleMode::Discover { preferred_versions: vec![ProtocolVersion::V_2026_07_28] }
    } else {
        ClientLifecycleMode::Initialize
    };
    let client = ears.clone().serve_with_lifecycle(transport, mode).await?;
    client.set_response_cache_config(rmcp::service::ClientCacheConfig::disabled()).await;
    let servers = task["servers"].as_array().cloned().unwrap_or_default();
    let complete = async || {
        let tools: Vec<String> = client
            .list_all_tools()
            .await
            .unwrap_or_default()
            .iter()
            .map(|tool| tool.name.to_string())
            .collect();
        servers.iter().all(|server| {
            tools.contains(&format!("{}echo", server["prefix"].as_str().unwrap_or_default()))
        })
    };
    let _ = until("every server", complete).await; // the cells of those that did not come will tell
    for server in &servers {
        let (name, prefix) = (
            server["name"].as_str().unwrap_or_default(),
            server["prefix"].as_str().unwrap_or_default(),
        );
        let cells = Cells { client: &client, ears: &ears, name, prefix };
        for cell in server["cells"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let outcome = tokio::time::timeout(Duration::from_secs(15), cells.run(cell)).await;
            let detail = match outcome {
                Ok(Ok(())) => None,
                Ok(Err(fault)) => Some(fault.to_string()),
                Err(_) => Some("not within 15 s".to_owned()),
            };
            println!(
                "{}",
                json!({"server": name, "cell": cell, "ok": detail.is_none(), "detail": detail.unwrap_or_default()})
            );
        }
    }
    client.cancel().await?;
    Ok(())
}

async fn until(what: &str, mut check: impl AsyncFnMut() -> bool) -> Result<(), Fault> {
    let end = Instant::now() + Duration::from_secs(10);
    while !check().await {
        if Instant::now() > end {
            return Err(format!("not within 10 s: {what}").into());
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    Ok(())
}

fn must(good: bool, found: &impl std::fmt::Debug) -> Result<(), Fault> {
    if good { Ok(()) } else { Err(format!("found {found:?}").into()) }
}

impl Cells<'_> {
    async fn run(&self, cell: &str) -> Result<(), Fault> {
        match cell {
            "list" => self.list().await,
            "call" => self.says("echo", json!({"message": "grüß"}), "Echo: grüß").await,
            "progress" => self.progress().await,
            "cancel" => self.cancel().await,
            "sampling" => {
                self.says("test_sampling", json!({"prompt": "Say it"}), "LLM response: The model")
                    .await
            }
            "elicitation" => self.elicitation().await,
            "roots" => self.says("test_roots", json!({}), "Roots: file:///interop").await,
            "logging" => self.logging().await,
            "subscription" => self.subscription().await,
            "completion" => self.completion().await,
            "task" => self.task().await,
            other => Err(format!("no such cell: {other}").into()),
        }
    }

    fn request(&self, tool: &str, arguments: &Value) -> CallToolRequestParams {
        let mut params = CallToolRequestParams::new(format!("{}{tool}", self.prefix));
        params.arguments = arguments.as_object().cloned();
        params
    }

    async fn words(&self, tool: &str, arguments: Value) -> Result<String, Fault> {
        let result = self.client.call_tool(self.request(tool, &arguments)).await?;
        Ok(result
            .content
            .iter()
            .filter_map(|part| part.as_text().map(|text| text.text.clone()))
            .collect())
    }

    async fn says(&self, tool: &str, arguments: Value, want: &str) -> Result<(), Fault> {
        let told = self.words(tool, arguments).await?;
        must(told == want, &told)
    }

    async fn watched(&self) -> Result<String, Fault> {
        let resources = self.client.list_all_resources().await?;
        let own = format!("{}/watched", self.name);
        let found = resources.iter().find(|resource| resource.uri.contains(&own));
        Ok(found.ok_or("no watched resource")?.uri.clone())
    }

    async fn list(&self) -> Result<(), Fault> {
        let tools: Vec<String> =
            self.client.list_all_tools().await?.iter().map(|tool| tool.name.to_string()).collect();
        must(tools.contains(&format!("{}echo", self.prefix)), &tools)?;
        let prompts: Vec<String> = self
            .client
            .list_all_prompts()
            .await?
            .iter()
            .map(|prompt| prompt.name.clone())
            .collect();
        must(prompts.contains(&format!("{}test_prompt_with_arguments", self.prefix)), &prompts)?;
        self.watched().await.map(|_| ())
    }

    async fn progress(&self) -> Result<(), Fault> {
        forget(&self.ears.progress);
        self.words("test_tool_with_progress", json!({})).await?;
        let _ =
            until("the last of the progress", async || heard(&self.ears.progress).len() >= 3).await;
        // rmcp hands notifications to its users concurrently: their order is its own affair, all of them must be there.
        let mut seen = heard(&self.ears.progress);
        seen.sort_by(f64::total_cmp);
        must(seen == [0.0, 50.0, 100.0], &seen)
    }

    async fn cancel(&self) -> Result<(), Fault> {
        let before: usize = self.words("test_cancelled", json!({})).await?.parse()?;
        forget(&self.ears.progress);
        let request = ClientRequest::CallToolRequest(CallToolRequest::new(
            self.request("test_wait", &json!({})),
        ));
        let call =
            self.client.send_cancellable_request(request, PeerRequestOptions::no_options()).await?;
        until("the call to begin", async || !heard(&self.ears.progress).is_empty()).await?;
        call.cancel(Some("enough".into())).await?;
        until("the server to be told", async || {
            self.words("test_cancelled", json!({}))
                .await
                .is_ok_and(|told| told.parse::<usize>().is_ok_and(|now| now > before))
        })
        .await
    }

    async fn elicitation(&self) -> Result<(), Fault> {
        let told = self.words("test_elicitation", json!({"message": "Well?"})).await?;
        must(
            told.replace(": ", ":") == r#"User response:action=accept, content={"response":"yes"}"#,
            &told,
        )
    }

    async fn logging(&self) -> Result<(), Fault> {
        forget(&self.ears.logs);
        let mut params = self.request("test_logging_tool", &json!({}));
        if self.ears.modern {
            let mut meta = RequestMetaObject::default();
            meta.set_log_level(LoggingLevel::Info);
            params.meta = Some(meta);
        } else {
            self.client.set_level(SetLevelRequestParams::new(LoggingLevel::Info)).await?;
        }
        self.client.call_tool(params).await?;
        until("the log messages", async || heard(&self.ears.logs).len() >= 2).await?;
        let mut told: Vec<String> =
            heard(&self.ears.logs).iter().map(ToString::to_string).collect();
        told.sort();
        must(told == ["\"At error\"", "\"At info\""], &told)
    }

    async fn subscription(&self) -> Result<(), Fault> {
        let uri = self.watched().await?;
        if self.ears.modern {
            let filter: SubscriptionFilter =
                serde_json::from_value(json!({"resourceSubscriptions": [uri]}))?;
            let mut subscription = self.client.listen(filter).await?;
            self.words("test_touch_watched", json!({})).await?;
            let update =
                tokio::time::timeout(Duration::from_secs(10), subscription.next()).await??;
            subscription.cancel().await?;
            let Some(ServerNotification::ResourceUpdatedNotification(update)) = update else {
                return Err(format!("found {update:?}").into());
            };
            return must(update.params.uri == uri, &update);
        }
        forget(&self.ears.updates);
        self.client.subscribe(SubscribeRequestParams::new(uri.clone())).await?;
        self.words("test_touch_watched", json!({})).await?;
        until("an update", async || heard(&self.ears.updates).contains(&uri)).await?;
        self.client.unsubscribe(UnsubscribeRequestParams::new(uri)).await?;
        Ok(())
    }

    async fn completion(&self) -> Result<(), Fault> {
        let prompt = format!("{}test_prompt_with_arguments", self.prefix);
        let found = self.client.complete_prompt_simple(prompt, "arg1", "test").await?;
        must(found == ["testing", "test-two"], &found)
    }

    /// Only where both ends are modern: rmcp has the tasks of the 2026-07-28 extension.
    async fn task(&self) -> Result<(), Fault> {
        let CallToolResponse::Task(task) =
            self.client.call_tool_once(self.request("test_task", &json!({}))).await?
        else {
            return Err("no task".into());
        };
        let made = serde_json::to_value(task)?;
        let ident = made["taskId"].as_str().ok_or("no id")?.to_owned();
        let end = Instant::now() + Duration::from_secs(10);
        loop {
            let now = serde_json::to_value(
                self.client.get_task(serde_json::from_value(json!({"taskId": ident}))?).await?,
            )?;
            if now["status"] == "completed" {
                return must(now["result"]["content"][0]["text"] == "The task is done", &now);
            }
            must(Instant::now() < end, &now)?;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}
