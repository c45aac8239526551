// Where SQL runs: embedded in this process, or a ClickHouse server. Both run the same statements; what
// differs is how a file's rows reach an INSERT, and that sits behind `insertArrow`.
export {};
//# sourceMappingURL=store.js.map
