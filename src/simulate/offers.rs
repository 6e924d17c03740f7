//! What the simulated server offers besides tools: prompts, resources, templates, completion.

use super::answer;
use super::call::Executed;
use super::server::Server;
use super::settings::Settings;
use super::tools::bounds;
use mcpvisor_actors::mutex::lock;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard};

/// The offers at this moment, in the order they are listed, and the resources that are watched.
#[derive(Debug)]
pub(super) struct Offers(Mutex<Lists>);

#[derive(Debug, Default)]
struct Lists {
    prompts: Vec<String>,
    resources: Vec<String>,
    templates: Vec<String>,
    watched: BTreeSet<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Asked<'a> {
    #[serde(borrow)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    uri: Option<Cow<'a, str>>,
    #[serde(borrow)]
    arguments: Option<&'a RawValue>,
    #[serde(borrow)]
    cursor: Option<Cow<'a, str>>,
}

/// One of what is listed, in an order and of a kind that a careless proxy would change.
type Describe = fn(&Value) -> String;

impl Offers {
    pub(super) fn new(settings: &Settings) -> Self {
        Self(Mutex::new(Lists {
            prompts: settings.prompt.clone(),
            resources: settings.resource.clone(),
            templates: settings.template.clone(),
            watched: BTreeSet::new(),
        }))
    }

    fn lists(&self) -> MutexGuard<'_, Lists> {
        lock(&self.0)
    }

    pub(super) fn add_prompt(&self, name: &str) {
        self.lists().prompts.push(name.to_owned());
    }

    pub(super) fn add_resource(&self, uri: &str) {
        self.lists().resources.push(uri.to_owned());
    }

    pub(super) fn remove_resource(&self, uri: &str) {
        self.lists().resources.retain(|known| known != uri);
    }

    pub(super) fn watch_nothing(&self) {
        self.lists().watched.clear();
    }

    pub(super) fn watched(&self) -> Vec<String> {
        self.lists().watched.iter().cloned().collect()
    }
}

/// Answers a request for something besides tools; nothing when the method is none of these.
pub(super) fn answer(server: &Server, method: &str, id: &str, params: &str) -> Option<Executed> {
    let settings = &server.settings;
    let declared = match method {
        "prompts/list" | "prompts/get" => settings.has_prompts(),
        "resources/list" | "resources/templates/list" | "resources/read" => {
            settings.has_resources()
        }
        "resources/subscribe" | "resources/unsubscribe" => settings.has_subscriptions(),
        "completion/complete" => settings.completions,
        _ => return None,
    };
    if !declared {
        server.files.log(&format!("VIOLATION {method}"));
        return Some(Executed::refused(id, answer::METHOD_NOT_FOUND));
    }
    if settings.fail_list.iter().any(|failing| failing == method) {
        return Some(Executed::refused(id, answer::SIMULATED));
    }
    let asked: Asked<'_> = serde_json::from_str(params).unwrap_or_default();
    Some(match done(server, method, &asked, params) {
        Ok(result) => Executed::plain(id, result),
        Err(error) => Executed::refused(id, &error),
    })
}

fn done(server: &Server, method: &str, asked: &Asked<'_>, params: &str) -> Result<String, String> {
    let mut lists = server.offers.lists();
    let page = |member: &str, all: &[String], describe: Describe| {
        let (start, end) = bounds(all.len(), server.settings.page_size, asked.cursor.as_deref())
            .ok_or(answer::INVALID_PARAMS)?;
        let texts: Vec<_> =
            all[start..end].iter().map(|one| describe(&one.as_str().into())).collect();
        let next =
            if end < all.len() { format!(",\"nextCursor\":\"page-{end}\"") } else { String::new() };
        Ok(format!("{{\"{member}\":[{}]{next}}}", texts.join(",")))
    };
    let name = asked.name.as_deref().unwrap_or_default();
    let uri = asked.uri.as_deref().unwrap_or_default();
    let is_there = lists.resources.iter().any(|known| known == uri)
        || lists
            .templates
            .iter()
            .any(|it| uri.starts_with(it.split('{').next().unwrap_or_default()));
    match method {
        "prompts/list" => page("prompts", &lists.prompts, |name| {
            format!(
                r#"{{"vendor":1.0,"name":{name},"arguments":[{{"name":"topic","required":true}}]}}"#
            )
        }),
        "resources/list" => page("resources", &lists.resources, |uri| {
            format!(r#"{{"vendor":1.0,"uri":{uri},"name":"a resource","size":1e2}}"#)
        }),
        "resources/templates/list" => page("resourceTemplates", &lists.templates, |template| {
            format!(r#"{{"vendor":1.0,"uriTemplate":{template},"name":"a template"}}"#)
        }),
        "prompts/get" if lists.prompts.iter().any(|known| known == name) => {
            let text = Value::from(asked.arguments.map_or("{}", RawValue::get));
            Ok(format!(
                r#"{{"z":1.0,"messages":[{{"vendor":1e2,"role":"user","content":{{"type":"text","text":{text}}}}}],"description":"of {}"}}"#,
                name.escape_default()
            ))
        }
        "resources/read" if is_there => {
            let uri = Value::from(uri);
            Ok(format!(
                r#"{{"z":1.0,"contents":[{{"vendor":1e2,"uri":{uri},"mimeType":"text/plain","text":"caf\u00e9 \/"}},{{"uri":"other:\/x","text":""}}]}}"#
            ))
        }
        "resources/subscribe" if is_there => {
            lists.watched.insert(uri.to_owned());
            Ok("{\"vendor\":1.0}".to_owned())
        }
        "resources/unsubscribe" => {
            lists.watched.remove(uri);
            Ok("{}".to_owned())
        }
        "completion/complete" => {
            let values = Value::from(params);
            Ok(format!(r#"{{"vendor":1.0,"completion":{{"hasMore":false,"values":[{values}]}}}}"#))
        }
        "prompts/get" => Err(answer::INVALID_PARAMS.to_owned()),
        _ => {
            let uri = Value::from(uri);
            Err(format!(
                r#"{{"vendor":1.0,"code":-32002,"message":"Resource not found","data":{{"uri":{uri}}}}}"#
            ))
        }
    }
}
