package io.lb4j.jmh;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.results.format.ResultFormatFactory;
import org.openjdk.jmh.results.format.ResultFormatType;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

/**
 * Runs the benchmarks and writes what came of them to {@code docs/results} (JMH's JSON) and {@code docs/benchmarks.md}
 * (tables):
 *
 * <pre>{@code java -cp lb-jmh/target/benchmarks.jar io.lb4j.jmh.RunAll [--quick] [--docs DIR] [picks] [calls] [updates]}</pre>
 *
 * <p>Without names all three are run. {@code --quick} takes less than five minutes instead of most of an hour, has
 * fewer sizes and one fork of each, and is for finding out whether something broke.
 */
public final class RunAll {
    private static final String USAGE = "usage: RunAll [--quick] [--docs DIR] [picks] [calls] [updates]";

    private final boolean quick;
    private final Path docs;

    private RunAll(boolean quick, Path docs) {
        this.quick = quick;
        this.docs = docs;
    }

    /** The kinds of results, each with a file and a place in the document of its own. */
    private enum Part {
        PICKS,
        CALLS,
        UPDATES;

        String title() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** See the class. */
    public static void main(String[] args) throws Exception {
        boolean quick = false;
        Path docs = Path.of("docs");
        List<Part> parts = new ArrayList<>();
        for (int i = 0; i < args.length; i++) {
            String arg = args[i];
            if (arg.equals("--quick")) {
                quick = true;
            } else if (arg.equals("--docs") && i + 1 < args.length) {
                docs = Path.of(args[++i]);
            } else if (Arrays.stream(Part.values())
                    .anyMatch(part -> part.title().equals(arg))) {
                parts.add(Part.valueOf(arg.toUpperCase(Locale.ROOT)));
            } else {
                System.err.println(arg + ": unknown\n" + USAGE);
                System.exit(2);
            }
        }
        if (!Files.isRegularFile(docs.resolve("benchmarks.md"))) {
            System.err.println(docs.resolve("benchmarks.md")
                    + ": no such file; run from the project's root or name its " + "docs\n" + USAGE);
            System.exit(2);
        }
        RunAll all = new RunAll(quick, docs);
        for (Part part : parts.isEmpty() ? List.of(Part.values()) : parts) {
            all.run(part);
        }
    }

    private void run(Part part) throws RunnerException, IOException {
        List<RunResult> results = new ArrayList<>();
        for (ChainedOptionsBuilder options : plan(part)) {
            results.addAll(new Runner(options.addProfiler(GCProfiler.class)
                            .shouldFailOnError(true)
                            .build())
                    .run());
        }
        Path json = docs.resolve("results").resolve(part.title() + ".json");
        Files.createDirectories(json.getParent());
        Files.writeString(json, json(results));
        List<Result> read = Result.read(json);
        String table = switch (part) {
            case PICKS -> Report.picks(read);
            case CALLS -> Report.calls(read);
            case UPDATES -> Report.updates(read);
        };
        String origin = String.format(
                Locale.ROOT,
                "`java -cp lb-jmh/target/benchmarks.jar io.lb4j.jmh.RunAll%s %s` on %s; %s.%n",
                quick ? " --quick" : "",
                part.title(),
                LocalDate.now(ZoneOffset.UTC),
                Machine.describe());
        Report.write(docs.resolve("benchmarks.md"), part.title(), origin + table);
    }

    private List<ChainedOptionsBuilder> plan(Part part) {
        return switch (part) {
            case PICKS -> {
                List<ChainedOptionsBuilder> picks = new ArrayList<>(List.of(
                        picks("pick", 1, "lb4j", "floor"),
                        picks("pick", 2, "lb4j", "floor"),
                        picks("call", 1, "lb4j", "lb4j-timed", "floor")));
                if (!quick) {
                    picks.add(picks("call", 2, "lb4j", "lb4j-timed", "floor"));
                }
                yield picks;
            }
            case CALLS -> List.of(calls("plain|balanced", 5, 1000), calls("alternate", 20, 0));
            case UPDATES -> List.of(updates());
        };
    }

    private ChainedOptionsBuilder picks(String method, int threads, String... libraries) {
        ChainedOptionsBuilder options = new OptionsBuilder()
                .include("PickBenchmark." + method + "$")
                .threads(threads)
                .param("library", libraries);
        if (quick) {
            String[] sizes = method.equals("pick") && threads == 1 ? new String[] {"10", "1000"} : new String[] {"100"};
            options.forks(1)
                    .warmupIterations(2)
                    .warmupTime(TimeValue.milliseconds(150))
                    .measurementIterations(3)
                    .measurementTime(TimeValue.milliseconds(100))
                    .param("instances", sizes);
        }
        return options;
    }

    private ChainedOptionsBuilder calls(String methods, int iterations, int millis) {
        ChainedOptionsBuilder options = new OptionsBuilder().include("CallBenchmark.(" + methods + ")$");
        if (quick) {
            options.forks(1)
                    .warmupIterations(iterations / 2)
                    .measurementIterations(iterations)
                    .param("instances", "1");
            if (millis > 0) {
                options.warmupTime(TimeValue.milliseconds(millis)).measurementTime(TimeValue.milliseconds(millis));
            }
        }
        return options;
    }

    private ChainedOptionsBuilder updates() {
        ChainedOptionsBuilder options = new OptionsBuilder().include("UpdateBenchmark");
        if (quick) {
            options.warmupIterations(1).measurementIterations(1);
        }
        return options;
    }

    /** JMH's JSON without the path of the JVM, which says nothing to anybody else. */
    private static String json(List<RunResult> results) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (PrintStream out = new PrintStream(bytes, false, StandardCharsets.UTF_8)) {
            ResultFormatFactory.getInstance(ResultFormatType.JSON, out).writeOut(results);
        }
        JsonMapper mapper = new JsonMapper();
        JsonNode all = mapper.readTree(bytes.toString(StandardCharsets.UTF_8));
        all.forEach(each -> ((ObjectNode) each).put("jvm", "java"));
        ObjectWriter writer = mapper.writerWithDefaultPrettyPrinter();
        return writer.writeValueAsString(all) + "\n";
    }
}
