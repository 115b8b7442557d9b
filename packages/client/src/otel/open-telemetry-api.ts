// The part of `@opentelemetry/api` (1.x) that is used, by its shape: the package is the application's to install and to hand
// over, so nothing here imports it. Contexts are opaque to us.

/** Attribute values as OpenTelemetry takes them. */
export type AttributeValue = string | number | boolean | string[];

/** What is used of OpenTelemetry's `Span`. */
export interface OtelSpan {
  setAttribute(name: string, value: AttributeValue): unknown;
  setStatus(status: { code: number; message?: string }): unknown;
  recordException(exception: Error | string): unknown;
  end(): void;
}

/** What is used of OpenTelemetry's `Tracer`. */
export interface OtelTracer<Context, SpanContext> {
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
  readonly SpanKind: { readonly PRODUCER: number; readonly CONSUMER: number };
  readonly SpanStatusCode: { readonly ERROR: number };
  readonly context: {
    active(): Context;
    with<R>(context: Context, fn: () => R): R;
  };
  readonly propagation: {
    inject(context: Context, carrier: Record<string, string>): void;
    extract(context: Context, carrier: Record<string, string>): Context;
  };
  readonly trace: {
    getTracer(name: string, version?: string): OtelTracer<Context, SpanContext>;
    setSpan(context: Context, span: OtelSpan): Context;
    getSpanContext(context: Context): SpanContext | undefined;
  };
}
