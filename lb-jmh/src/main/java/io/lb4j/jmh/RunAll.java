package io.lb4j.jmh;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.lb4j.jmh.Command.Part;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
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
 * Runs the benchmarks and writes what came of them to {@code docs/results} (JMH's JSON, a chart) and
 * {@code docs/benchmarks.md} (tables):
 *
 * <pre>{@code java -cp lb-jmh/target/benchmarks.jar io.lb4j.jmh.RunAll [--quick] [--minutes N] [--docs DIR] [picks] [calls] [updates]}</pre>
 *
 * <p>Without names all three are run. {@code --quick} has fewer sizes and shorter runs, and is for finding out whether
 * something broke. For a closer look, {@code picks --policy NAME[,NAME] --library NAME[,NAME]} measures these alone, so
 * each for longer, and prints the table instead of writing it.
 */
public final class RunAll {
    private final Command command;

    private RunAll(Command command) {
        this.command = command;
    }

    /** See the class. */
    public static void main(String[] args) throws Exception {
        Command command;
        try {
            command = Command.parse(args);
            if (!command.partial() && !Files.isRegularFile(command.docs().resolve("benchmarks.md"))) {
                throw new IllegalArgumentException(command.docs().resolve("benchmarks.md")
                        + ": no such file (expected: run from the project's root, or its docs named)\n"
                        + Command.USAGE);
            }
        } catch (IllegalArgumentException e) {
            System.err.println(e.getMessage());
            System.exit(2);
            return;
        }
        RunAll all = new RunAll(command);
        for (Part part : command.parts()) {
            all.run(part);
        }
    }

    private void run(Part part) throws RunnerException, IOException {
        List<RunResult> results = part == Part.PICKS ? runPicks() : new ArrayList<>();
        for (ChainedOptionsBuilder options : plan(part)) {
            results.addAll(run(options));
        }
        Path json = command.partial()
                ? Files.createTempFile(part.title(), ".json")
                : Files.createDirectories(command.docs().resolve("results")).resolve(part.title() + ".json");
        Files.writeString(json, json(results));
        List<Result> read = Result.read(json);
        String table = switch (part) {
            case PICKS -> PickTables.of(read);
            case CALLS -> Report.calls(read);
            case UPDATES -> Report.updates(read);
        };
        if (command.partial()) {
            System.out.println(table + "\n" + json);
            return;
        }
        if (part == Part.PICKS) {
            Files.writeString(json.resolveSibling("picks.svg"), Chart.of(read));
        }
        String origin = String.format(
                Locale.ROOT,
                "`java -cp lb-jmh/target/benchmarks.jar io.lb4j.jmh.RunAll%s %s` on %s; %s.%n",
                command.options(),
                part.title(),
                LocalDate.now(ZoneOffset.UTC),
                Machine.describe());
        Report.write(command.docs().resolve("benchmarks.md"), part.title(), origin + table);
    }

    private static Collection<RunResult> run(ChainedOptionsBuilder options) throws RunnerException {
        return new Runner(options.addProfiler(GCProfiler.class)
                        .shouldFailOnError(true)
                        .build())
                .run();
    }

    private List<RunResult> runPicks() throws RunnerException {
        PickPlan plan = new PickPlan(command);
        List<RunResult> results = new ArrayList<>();
        int left = plan.trials();
        System.out.printf(
                Locale.ROOT, "picks: %,d benchmarks of %.1f s each and a JVM of its own%n", left, plan.seconds());
        for (PickPlan.Batch batch : plan.batches()) {
            System.out.printf(
                    Locale.ROOT,
                    "%s: %s; %d s left%n",
                    batch,
                    batch.libraries(),
                    plan.expected(left).toSeconds());
            results.addAll(run(plan.options(batch)));
            left -= batch.trials();
        }
        return results;
    }

    private List<ChainedOptionsBuilder> plan(Part part) {
        return switch (part) {
            case PICKS -> List.of();
            case CALLS -> List.of(calls("plain|balanced", 5, 1000), calls("alternate", 20, 0));
            case UPDATES -> List.of(updates());
        };
    }

    private ChainedOptionsBuilder calls(String methods, int iterations, int millis) {
        ChainedOptionsBuilder options = new OptionsBuilder().include("CallBenchmark.(" + methods + ")$");
        if (command.quick()) {
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
        if (command.quick()) {
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
