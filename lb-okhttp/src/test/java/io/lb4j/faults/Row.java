package io.lb4j.faults;

import java.util.List;
import java.util.Locale;

/** One fault's result, as a row of the table and as an object of the JSON file. */
record Row(Fault fault, Fault.Verdict verdict, Evidence evidence) {
    static final String HEADER = """
            | fault | required | held | measured | calls | failures | p50 / p99 / p99.9 ms | extra load: of all / in the worst second | plain: failures | p50 / p99 / p99.9 ms | extra load |
            |---|---|---|---|---|---|---|---|---|---|---|
            """;

    String markdown() {
        return String.format(
                Locale.ROOT,
                "| %s | %s | %s | %s | %d | %d | %s | %.1f / %.1f %% | %d | %s | %.1f / %.1f %% |%n",
                fault.name,
                fault.required,
                verdict.held() ? "yes" : "**no**",
                verdict.why(),
                evidence.balanced().size(),
                Evidence.failures(evidence.balanced()),
                percentiles(evidence.balanced()),
                100 * evidence.extraLoad().overall(),
                100 * evidence.extraLoad().worstSecond(),
                Evidence.failures(evidence.plain()),
                percentiles(evidence.plain()),
                100 * evidence.plainExtraLoad().overall(),
                100 * evidence.plainExtraLoad().worstSecond());
    }

    private static String percentiles(List<Sample> samples) {
        return String.format(
                Locale.ROOT,
                "%.1f / %.1f / %.1f",
                percentile(samples, 50),
                percentile(samples, 99),
                percentile(samples, 99.9));
    }

    private static double percentile(List<Sample> samples, double percent) {
        return Evidence.percentile(samples, percent, each -> true);
    }

    String json() {
        return String.format(
                Locale.ROOT,
                "{\"fault\": \"%s\", \"required\": \"%s\", \"held\": %b, \"measured\": \"%s\", %s, \"plain\": {%s}}",
                fault.name,
                fault.required,
                verdict.held(),
                verdict.why(),
                figures(evidence.balanced(), evidence.extraLoad()),
                figures(evidence.plain(), evidence.plainExtraLoad()));
    }

    private static String figures(List<Sample> samples, ExtraLoad extraLoad) {
        return String.format(
                Locale.ROOT,
                "\"calls\": %d, \"failures\": %d, \"p50Millis\": %.2f, \"p99Millis\": %.2f, \"p999Millis\": %.2f,"
                        + " \"extraLoad\": %.4f, \"extraLoadWorstSecond\": %.4f",
                samples.size(),
                Evidence.failures(samples),
                percentile(samples, 50),
                percentile(samples, 99),
                percentile(samples, 99.9),
                extraLoad.overall(),
                extraLoad.worstSecond());
    }
}
