package io.lb4j.examples.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.testing.StrategyCheck;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The table of checks in docs/custom-strategies.md has them all, in the order in which they are made. */
final class DocsChecksTest {
    private static final Pattern ROW = Pattern.compile("\\| `([A-Z_]+)` \\|.*");

    @Test
    void table_everyCheck_isThere() throws Exception {
        List<String> shown;
        try (Stream<String> lines = Files.lines(CodeBlock.ROOT.resolve("docs/custom-strategies.md"))) {
            shown = lines.map(ROW::matcher)
                    .filter(Matcher::matches)
                    .map(row -> row.group(1))
                    .toList();
        }
        assertThat(shown)
                .isEqualTo(Arrays.stream(StrategyCheck.values()).map(Enum::name).toList());
    }
}
