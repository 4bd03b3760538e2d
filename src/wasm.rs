//! The WebAssembly exports: conversion between JavaScript values and the engine's plain types, and
//! nothing else. Errors become JavaScript `Error` objects with `code`, `type` and `hint`.
//!
//! Two modules are built from this crate, one for each feature: `engine` for what every run needs,
//! `parsers` for what reads large files.

// wasm-bindgen exports what it is given; nothing outside the crate names these items.
#![allow(unreachable_pub, missing_docs)]

#[cfg(feature = "engine")]
mod engine;
#[cfg(feature = "parsers")]
mod parsers;

use crate::error::{Code, Error};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::prelude::*;

type JsResult<T = JsValue> = std::result::Result<T, JsValue>;

/// Reports a Rust panic, which is a bug, on the console before the trap reaches JavaScript.
#[wasm_bindgen(start)]
pub fn start() {
    console_error_panic_hook::set_once();
}

/// The values cross as plain objects, maps as objects, absence as `null`.
fn to_js<T: Serialize + ?Sized>(value: &T) -> JsResult {
    let serializer = serde_wasm_bindgen::Serializer::json_compatible();
    value.serialize(&serializer).map_err(|error| throw(Error::new(Code::Internal, error.to_string())))
}

fn from_js<T: DeserializeOwned>(value: JsValue, what: &str) -> JsResult<T> {
    serde_wasm_bindgen::from_value(value)
        .map_err(|error| throw(Error::new(Code::UsageInvalid, format!("{what} is not as expected: {error}"))))
}

fn throw(error: Error) -> JsValue {
    let js = js_sys::Error::new(&error.message);
    js.set_name("EngineError");
    let set = |key: &str, value: JsValue| {
        // Setting a property of a fresh object cannot fail.
        let _ = js_sys::Reflect::set(&js, &key.into(), &value);
    };
    set("code", error.code.as_str().into());
    set("hint", error.hint.into());
    set("type", to_js(&error.code.error_type()).unwrap_or(JsValue::NULL));
    js.into()
}
