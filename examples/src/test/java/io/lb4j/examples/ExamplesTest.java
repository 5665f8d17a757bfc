package io.lb4j.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The commands of {@code examples/README.md}, in this process. The demo and {@code Call} take more than that. */
final class ExamplesTest {
    private static final Pattern COMMAND = Pattern.compile(
            "^java -cp examples/target/examples\\.jar io\\.lb4j\\.examples\\.(\\w+)$", Pattern.MULTILINE);
    private static final int MOST_LINES = 80;

    static List<String> examples() throws IOException {
        String readme = Files.readString(Path.of("README.md"));
        return COMMAND.matcher(readme)
                .results()
                .map((MatchResult found) -> found.group(1))
                .toList();
    }

    @ParameterizedTest
    @MethodSource("examples")
    void example_run_holdsItsClaim(String name) throws Exception {
        Class<?> example = Class.forName("io.lb4j.examples." + name);

        example.getMethod("main", String[].class).invoke(null, (Object) new String[0]);
    }

    /** Those in one file that is there to be copied, whatever they are run with. */
    static List<String> copied() throws IOException {
        return Stream.concat(examples().stream(), Stream.of("DiscoveryExample")).toList();
    }

    @ParameterizedTest
    @MethodSource("copied")
    void example_source_isShortEnoughToCopy(String name) throws IOException {
        assertThat(Files.readAllLines(Path.of("src/main/java/io/lb4j/examples/" + name + ".java")))
                .hasSizeLessThan(MOST_LINES);
    }

    @Test
    void readme_examples_areAllThereAre() throws IOException {
        assertThat(examples())
                .containsExactlyInAnyOrder(
                        "QuickStart",
                        "FileDiscoveryExample",
                        "RegistryExample",
                        "StickySessions",
                        "WebTier",
                        "ReportedLoad",
                        "PageTypeAffinity",
                        "RoutingExample",
                        "CustomStrategy",
                        "RetrofitExample",
                        "HttpsExample");
    }
}
