package io.lb4j.discovery.measured;

import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.discovery.measured.Results.CrashRow;
import io.lb4j.discovery.measured.Results.Row;
import io.lb4j.discovery.zookeeper.ZooKeeperServer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The figures on record, and what counts the requests. */
final class DiscoveryCostsTest {
    private static final Path ROOT = Path.of("..");

    private static Results recorded() throws IOException {
        return Results.read(ROOT);
    }

    @Test
    void table_isWhatIsOnRecord_forEverySource() throws IOException {
        assertThat(Results.shown(ROOT)).isEqualTo(recorded().markdown());
        assertThat(recorded().rows().stream().map(Row::source))
                .containsExactlyElementsOf(
                        Arrays.stream(Subject.values()).map(each -> each.title).toList());
    }

    @Test
    void pushed_meetTheTargets() throws IOException {
        assertThat(recorded().rows())
                .filteredOn(Row::pushed)
                .hasSizeGreaterThan(5)
                .allSatisfy(row -> {
                    assertThat(row.p99Millis()).as(row.source()).isBetween(0.0, 100.0);
                    // A session's pings, however many services it watches: docs/discovery.md says so.
                    if (!row.source().equals(Subject.ZOOKEEPER.title)) {
                        assertThat(row.idleRequestsPerMinute()).as(row.source()).isBetween(0.0, 2.0);
                    }
                });
        assertThat(recorded().rows())
                .allSatisfy(row ->
                        assertThat(row.bytesPerInstance()).as(row.source()).isBetween(100L, 5000L));
    }

    @Test
    void crashed_areGoneWithinTheirLeaseAndASecond() throws IOException {
        assertThat(recorded().crashes()).hasSizeGreaterThan(3).allSatisfy(row -> {
            // docs/discovery.md says why.
            int more = row.source().equals(Subject.ZOOKEEPER.title)
                    ? ZooKeeperServer.USUAL_TICK_MILLIS
                    : row.source().equals(Subject.EUREKA.title) ? 2000 : 0;
            assertThat(row.goneMillis()).as(row.source()).isBetween(1000L, row.leaseMillis() + more + 1000);
        });
        assertThat(recorded().crashes().stream().map(CrashRow::source)).doesNotHaveDuplicates();
    }

    @ParameterizedTest
    @CsvSource({
        "HTTP, 'GET / HTTP/1.1\r\nHost: a\r\n\r\nPUT /b HTTP/1.1\r\nHost: HTTP/1.0\r\n\r\nHTTP/1.1\n', 2",
        "HTTP, 'GET /  HTTP/1.1\r\n\r\n', 1",
        "ZOOKEEPER, '\0\0\0\3abc\0\0\0\1d\0\0\0\2e', 2",
        "DNS, '\0\3abc\0\0\0\1d', 3",
    })
    void requests_areCounted_howeverTheyAreCut(Wire wire, String said, int expected) {
        byte[] bytes = said.getBytes(StandardCharsets.ISO_8859_1);
        for (int size = 1; size <= bytes.length; size++) {
            AtomicInteger requests = new AtomicInteger();
            Wire.Counter counter = wire.counter(requests::incrementAndGet);
            for (int from = 0; from < bytes.length; from += size) {
                byte[] piece = Arrays.copyOfRange(bytes, from, Math.min(from + size, bytes.length));
                counter.take(piece, piece.length);
            }
            assertThat(requests.get()).as("in pieces of %d", size).isEqualTo(expected);
        }
    }
}
