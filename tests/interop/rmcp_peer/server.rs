//! The server: every cell in the words of either era.

use std::borrow::Cow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rmcp::model::*;
use rmcp::service::{Peer, RequestContext, RoleServer, SubscriptionContext, SubscriptionSink};
use rmcp::{ErrorData, ServerHandler, ServiceExt};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::Fault;

const STATE: &str = "asked";

/// What all requests of this process share.
#[derive(Clone)]
struct Server {
    watched: String,
    modern: bool,
    cancelled: Arc<AtomicUsize>,
    level: Arc<Mutex<LoggingLevel>>,
    subscribers: Arc<Mutex<Vec<Peer<RoleServer>>>>,
    listeners: Arc<Mutex<Vec<SubscriptionSink>>>,
    /// Listens that are acknowledged, or about to be, and not yet among the listeners: rmcp acknowledges
    /// before it hands the sink over.
    coming: Arc<watch::Sender<usize>>,
    begun: Arc<Mutex<Option<Instant>>>,
}

/// Serves stdio until the other side closes it. `modern` speaks every revision rmcp knows, else those with `initialize`.
pub(crate) async fn serve(name: &str, modern: bool) -> Result<(), Fault> {
    let server = Server {
        watched: format!("test://{name}/watched"),
        modern,
        cancelled: Arc::default(),
        level: Arc::new(Mutex::new(LoggingLevel::Debug)),
        subscribers: Arc::default(),
        listeners: Arc::default(),
        coming: Arc::default(),
        begun: Arc::default(),
    };
    server.serve(rmcp::transport::stdio()).await?.waiting().await?;
    Ok(())
}

fn guard<T>(lock: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Any model type from the JSON it has on the wire.
fn wire<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, ErrorData> {
    serde_json::from_value(value)
        .map_err(|fault| ErrorData::internal_error(fault.to_string(), None))
}

fn said(words: impl Into<String>) -> CallToolResponse {
    CallToolResult::success(vec![ContentBlock::text(words)]).into()
}

fn tools() -> Value {
    let strings = |name: &str| json!({"type": "object", "properties": {name: {"type": "string"}}, "required": [name]});
    let plain = json!({"type": "object", "properties": {}});
    let schemas = [
        ("echo", strings("message")),
        ("test_tool_with_progress", plain.clone()),
        ("test_wait", plain.clone()),
        ("test_cancelled", plain.clone()),
        ("test_sampling", strings("prompt")),
        ("test_elicitation", strings("message")),
        ("test_roots", plain.clone()),
        ("test_logging_tool", plain.clone()),
        ("test_touch_watched", plain.clone()),
        ("test_task", plain),
    ];
    schemas
        .iter()
        .map(|(name, schema)| json!({"name": name, "description": format!("The tool {name}"), "inputSchema": schema}))
        .collect()
}

impl Server {
    async fn tell(
        &self,
        context: &RequestContext<RoleServer>,
        step: Value,
    ) -> Result<(), ErrorData> {
        let Some(token) = context.meta.get_progress_token() else { return Ok(()) };
        let mut params = step;
        params["progressToken"] = serde_json::to_value(token).unwrap_or_default();
        let told = context.peer.notify_progress(wire(params)?).await;
        told.map_err(|fault| ErrorData::internal_error(fault.to_string(), None))
    }

    /// The client's answer to `question` (method and params), or what asks for it in this era.
    async fn ask(
        &self,
        call: &CallToolRequestParams,
        context: &RequestContext<RoleServer>,
        question: Value,
    ) -> Result<Result<Value, CallToolResponse>, ErrorData> {
        if self.modern {
            let answer = call.input_responses.as_ref().and_then(|answers| answers.get("the_key"));
            return Ok(match answer {
                Some(answer) if call.request_state.as_deref() == Some(STATE) => {
                    Ok(serde_json::to_value(answer).unwrap_or_default())
                }
                _ => Err(InputRequiredResult::new(
                    Some(wire(json!({"the_key": question}))?),
                    Some(STATE.into()),
                )
                .into()),
            });
        }
        let fault = |fault: rmcp::ServiceError| ErrorData::internal_error(fault.to_string(), None);
        let params = question["params"].clone();
        let answer = match question["method"].as_str() {
            Some("sampling/createMessage") => serde_json::to_value(
                context.peer.create_message(wire(params)?).await.map_err(fault)?,
            ),
            Some("elicitation/create") => {
                let request = ServerRequest::ElicitRequest(ElicitRequest::new(wire(params)?));
                serde_json::to_value(context.peer.send_request(request).await.map_err(fault)?)
            }
            _ => serde_json::to_value(context.peer.list_roots().await.map_err(fault)?),
        };
        Ok(Ok(answer.unwrap_or_default()))
    }

    async fn log(&self, context: &RequestContext<RoleServer>) -> Result<(), ErrorData> {
        let least = if self.modern { context.meta.log_level() } else { Some(*guard(&self.level)) };
        for level in ["debug", "info", "error"] {
            let wanted = match least {
                Some(LoggingLevel::Debug) => true,
                Some(_) => level != "debug",
                None => false,
            };
            if wanted {
                let message = wire(
                    json!({"level": level, "logger": "matrix", "data": format!("At {level}")}),
                )?;
                let told = context.peer.notify_logging_message(message).await;
                told.map_err(|fault| ErrorData::internal_error(fault.to_string(), None))?;
            }
        }
        Ok(())
    }

    async fn touch(&self) {
        let mut coming = self.coming.subscribe();
        // one that fell out before it listened is not waited for
        let all_there = timeout(Duration::from_secs(5), coming.wait_for(|coming| *coming == 0));
        let _late = all_there.await.is_err();
        let (subscribers, listeners) =
            (guard(&self.subscribers).clone(), guard(&self.listeners).clone());
        for peer in subscribers {
            let _ = peer
                .notify_resource_updated(ResourceUpdatedNotificationParam::new(
                    self.watched.clone(),
                ))
                .await;
        }
        for sink in listeners {
            let _ = sink.notify_resource_updated(self.watched.clone()).await;
        }
    }
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder()
            .enable_tools()
            .enable_prompts()
            .enable_resources()
            .enable_resources_subscribe()
            .enable_logging()
            .enable_completions();
        let capabilities =
            if self.modern { capabilities.enable_tasks().build() } else { capabilities.build() };
        let mut config = ServerConfig::new(capabilities);
        config.protocol_version =
            if self.modern { ProtocolVersion::V_2026_07_28 } else { ProtocolVersion::V_2025_11_25 };
        config
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        if self.modern {
            Cow::Owned(vec![ProtocolVersion::V_2025_11_25, ProtocolVersion::V_2026_07_28])
        } else {
            Cow::Owned(vec![ProtocolVersion::V_2025_06_18, ProtocolVersion::V_2025_11_25])
        }
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        wire(json!({"tools": tools()}))
    }

    async fn call_tool(
        &self,
        call: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let argument = |name: &str| {
            call.arguments
                .as_ref()
                .and_then(|given| given.get(name))
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let asked = match call.name.as_ref() {
            "echo" => return Ok(said(format!("Echo: {}", argument("message")))),
            "test_tool_with_progress" => {
                for progress in [0, 50, 100] {
                    self.tell(&context, json!({"progress": progress, "total": 100, "message": format!("Completed step {progress} of 100")})).await?;
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                return Ok(said("done"));
            }
            "test_wait" => {
                self.tell(&context, json!({"progress": 1, "message": "waiting"})).await?;
                tokio::select! {
                    () = tokio::time::sleep(Duration::from_secs(30)) => {}
                    () = context.ct.cancelled() => { self.cancelled.fetch_add(1, Ordering::Relaxed); }
                }
                return Ok(said("Waited"));
            }
            "test_cancelled" => {
                return Ok(said(self.cancelled.load(Ordering::Relaxed).to_string()));
            }
            "test_logging_tool" => {
                self.log(&context).await?;
                return Ok(said("Logged"));
            }
            "test_touch_watched" => {
                self.touch().await;
                return Ok(said("Announced"));
            }
            "test_task" => {
                *guard(&self.begun) = Some(Instant::now());
                let task = json!({"resultType": "task", "taskId": "the-task", "status": "working", "createdAt": "2026-01-01T00:00:00Z",
                    "lastUpdatedAt": "2026-01-01T00:00:00Z", "ttlMs": 60_000, "pollIntervalMs": 50});
                return Ok(CallToolResponse::Task(wire(task)?));
            }
            "test_sampling" => {
                let message = json!({"role": "user", "content": {"type": "text", "text": argument("prompt")}});
                json!({"method": "sampling/createMessage", "params": {"messages": [message], "maxTokens": 100}})
            }
            "test_elicitation" => {
                let form = json!({"type": "object", "properties": {"response": {"type": "string"}}, "required": ["response"]});
                json!({"method": "elicitation/create", "params": {"mode": "form", "message": argument("message"), "requestedSchema": form}})
            }
            "test_roots" => json!({"method": "roots/list"}),
            other => return Err(ErrorData::invalid_params(format!("Unknown tool: {other}"), None)),
        };
        let answer = match self.ask(&call, &context, asked).await? {
            Ok(answer) => answer,
            Err(question) => return Ok(question),
        };
        Ok(said(match call.name.as_ref() {
            "test_sampling" => {
                format!("LLM response: {}", answer["content"]["text"].as_str().unwrap_or_default())
            }
            "test_elicitation" => format!(
                "User response: action={}, content={}",
                answer["action"].as_str().unwrap_or_default(),
                answer["content"]
            ),
            _ => format!("Roots: {}", answer["roots"][0]["uri"].as_str().unwrap_or_default()),
        }))
    }

    async fn get_task(
        &self,
        params: GetTaskParams,
        _: RequestContext<RoleServer>,
    ) -> Result<GetTaskResult, ErrorData> {
        let done =
            guard(&self.begun).is_some_and(|begun| begun.elapsed() > Duration::from_millis(100));
        let mut task = json!({"resultType": "complete", "taskId": params.task_id, "status": "working", "createdAt": "2026-01-01T00:00:00Z",
            "lastUpdatedAt": "2026-01-01T00:00:00Z", "ttlMs": 60_000, "pollIntervalMs": 50});
        if done {
            task["status"] = json!("completed");
            task["result"] = json!({"resultType": "complete", "content": [{"type": "text", "text": "The task is done"}]});
        }
        wire(task)
    }

    async fn set_level(
        &self,
        params: SetLevelRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        *guard(&self.level) = params.level;
        Ok(())
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        wire(json!({"resources": [{"uri": self.watched, "name": "watched"}]}))
    }

    async fn subscribe(
        &self,
        _: SubscribeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        guard(&self.subscribers).push(context.peer);
        Ok(())
    }

    async fn unsubscribe(
        &self,
        _: UnsubscribeRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        guard(&self.subscribers).pop();
        Ok(())
    }

    fn accepted_subscription_filter(
        &self,
        requested: &SubscriptionFilter,
    ) -> Option<SubscriptionFilter> {
        self.modern.then(|| {
            self.coming.send_modify(|coming| *coming += 1);
            requested.clone()
        })
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        guard(&self.listeners).push(context.sink().clone());
        self.coming.send_modify(|coming| *coming -= 1);
        context.cancelled().await;
        Ok(())
    }

    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        let arguments =
            json!([{"name": "arg1", "required": true}, {"name": "arg2", "required": true}]);
        wire(json!({"prompts": [{"name": "test_prompt_with_arguments", "arguments": arguments}]}))
    }

    async fn complete(
        &self,
        params: CompleteRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        let values: Vec<&str> = ["testing", "test-two", "other"]
            .into_iter()
            .filter(|value| value.starts_with(&params.argument.value))
            .collect();
        wire(
            json!({"resultType": "complete", "completion": {"values": values, "total": values.len(), "hasMore": false}}),
        )
    }
}
