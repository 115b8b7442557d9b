// The part of `@opentelemetry/api` (1.x) that is used, by its shape: the package is the application's to install and to hand
// over, so nothing here imports it. Contexts are opaque to us.

/** Attribute values as OpenTelemetry takes them. */
export type AttributeValue = string | number | boolean | string[];

/** What is used of OpenTelemetry's `Span`. */
export interface OtelSpan {
  /** Replaces a value of the same name. */
  setAttribute(name: string, value: AttributeValue): unknown;
  /** `code` is one of `SpanStatusCode`. */
  setStatus(status: { code: number; message?: string }): unknown;
  /** Adds an event that tells of the error. */
  recordException(exception: Error | string): unknown;
  /** The span's time ends here. */
  end(): void;
}

/** What is used of OpenTelemetry's `Tracer`. */
export interface OtelTracer<Context, SpanContext> {
  /** Begins a span, as a child of that of `context`; default: of the current one. */
  startSpan(
    name: string,
    options: {
      kind?: number;
      attributes?: Record<string, AttributeValue>;
      links?: { context: SpanContext }[];
    },
    context?: Context,
  ): OtelSpan;
}

/** What `import * as api from '@opentelemetry/api'` gives. */
export interface OpenTelemetryApi<Context, SpanContext> {
  /** The two kinds that are used. */
  readonly SpanKind: { readonly PRODUCER: number; readonly CONSUMER: number };
  /** The one status that is set. */
  readonly SpanStatusCode: { readonly ERROR: number };
  /** What is current, and running a function in another one. */
  readonly context: {
    active(): Context;
    with<R>(context: Context, fn: () => R): R;
  };
  /** A context into, and out of, the properties of a message. */
  readonly propagation: {
    inject(context: Context, carrier: Record<string, string>): void;
    extract(context: Context, carrier: Record<string, string>): Context;
  };
  /** Tracers, and the span of a context. */
  readonly trace: {
    getTracer(name: string, version?: string): OtelTracer<Context, SpanContext>;
    setSpan(context: Context, span: OtelSpan): Context;
    getSpanContext(context: Context): SpanContext | undefined;
  };
}
