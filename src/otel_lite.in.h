/* The list of parts, in dependency order: the one place that names them all.
 *
 * It is a header as it stands (the development build: a debugger and a reader see src/), and the
 * input of amalgamate.py, which joins the parts into otel_lite.h. A part may only use parts that
 * stand above it here. The rooms follow the flow of data: api, core, wire, record, send, sdk. */
#include "api/doc.h"

#ifndef OTEL_LITE_H
#define OTEL_LITE_H
#define OTEL_LITE_SOURCE_ID "development"

#include "api/config.h"
#include "api/api.h"
#include "api/signals.h"
#include "api/metrics.h"
#include "api/bound.h"
#include "api/views.h"
#include "api/disabled.h"

#endif /* OTEL_LITE_H */

#if defined(OTEL_LITE_IMPLEMENTATION) && !defined(OTEL__IMPLEMENTED) && !defined(OTEL_LITE_DISABLE)
#define OTEL__IMPLEMENTED

#include "core/platform.h"
#include "core/bytes.h"
#include "core/diag.h"
#include "core/arena.h"
#include "core/ring.h"
#include "core/pool.h"
#include "core/text.h"

#include "wire/proto.h"
#include "wire/otlp.h"
#include "wire/attr.h"
#include "wire/attr_same.h"
#include "wire/attrs.h"
#include "wire/resource.h"

#include "record/context.h"
#include "record/traceparent.h"
#include "record/span.h"
#include "record/trace.h"
#include "record/log.h"
#include "record/histogram.h"
#include "record/exponential_index.h"
#include "record/exponential.h"
#include "record/shards.h"
#include "record/series.h"
#include "record/series_table.h"
#include "record/series_list.h"
#include "record/view.h"
#include "record/exemplar.h"
#include "record/point.h"
#include "record/advice.h"
#include "record/stream.h"
#include "record/instrument.h"
#include "record/value.h"
#include "record/route.h"
#include "record/metric.h"
#include "record/bound.h"
#include "record/observe.h"
#include "record/collect.h"
#include "record/read.h"

#include "send/batch.h"
#include "send/http.h"
#include "send/retry.h"
#include "send/reply.h"
#include "send/resolve.h"
#include "send/net.h"

#include "sdk/env_table.h"
#include "sdk/env.h"
#include "sdk/engine.h"
#include "sdk/host.h"
#include "sdk/plan.h"
#include "sdk/fork.h"
#include "sdk/open.h"
#include "sdk/run.h"
#include "sdk/read.h"
#include "sdk/stats.h"

#endif /* OTEL_LITE_IMPLEMENTATION */
