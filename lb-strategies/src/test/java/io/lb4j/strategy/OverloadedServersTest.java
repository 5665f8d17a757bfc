package io.lb4j.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.health.AimdLimit;
import io.lb4j.health.CallQueue;
import io.lb4j.health.ConcurrencyLimit;
import java.time.Duration;
import java.util.Locale;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Twice what servers can do for half a minute; {@link #main} prints the table of docs/overload.md. */
final class OverloadedServersTest {
    private static final ConcurrencyLimit AIMD =
            AimdLimit.builder().slow(Duration.ofMillis(300)).build();
    private static final ConcurrencyLimit GRADIENT = ConcurrencyLimit.gradient();

    private static final int[] WHOLE = {20, 30, 30};

    /** The simulation must be able to collapse, or the others hold for nothing. */
    @Test
    void noLimit_servesNextToNothing_andStaysDown() {
        OverloadedServers run = new OverloadedServers(new int[] {5, 10, 8}, 20, 3, null, null).run();
        assertThat(run.goodput()).isLessThan(0.4);
        assertThat(run.recovery()).isEqualTo(8);
    }

    static Stream<Arguments> limits() {
        return Stream.of(
                Arguments.of(1, GRADIENT, CallQueue.DEFAULT),
                Arguments.of(10, GRADIENT, CallQueue.DEFAULT),
                Arguments.of(10, AIMD, CallQueue.DEFAULT));
    }

    @ParameterizedTest
    @MethodSource("limits")
    void limits_keepUpWhatServersCanDo_andRecoverAtOnce(int clients, ConcurrencyLimit limit, CallQueue queue) {
        OverloadedServers run = new OverloadedServers(new int[] {20, 30, 8}, clients, 3, limit, queue).run();
        assertThat(run.goodput()).isGreaterThanOrEqualTo(0.9);
        assertThat(run.recovery()).isLessThanOrEqualTo(5);
    }

    @Test
    void again_isTheSameTwice() {
        OverloadedServers one = new OverloadedServers(new int[] {2, 4, 1}, 10, 3, GRADIENT, CallQueue.DEFAULT).run();
        OverloadedServers other = new OverloadedServers(new int[] {2, 4, 1}, 10, 3, GRADIENT, CallQueue.DEFAULT).run();
        assertThat(one.answered).isEqualTo(other.answered);
        assertThat(one.began).isEqualTo(other.began);
    }

    public static void main(String[] args) {
        System.out.println("| clients | limit | queue | callers try once | three times |\n|---|---|---|---|---|");
        for (int clients : new int[] {1, 10, 20, 100}) {
            for (ConcurrencyLimit limit : new ConcurrencyLimit[] {null, AIMD, GRADIENT}) {
                for (CallQueue queue : new CallQueue[] {null, CallQueue.DEFAULT}) {
                    if (limit != null || queue == null) {
                        System.out.println("| " + clients + " | "
                                + (limit == null ? "none" : limit == AIMD ? "AIMD" : "gradient") + " | "
                                + (queue == null ? "no" : "yes") + " | " + cell(clients, 1, limit, queue) + " | "
                                + cell(clients, 3, limit, queue) + " |");
                    }
                }
            }
        }
    }

    private static String cell(int clients, int tries, @Nullable ConcurrencyLimit limit, @Nullable CallQueue queue) {
        OverloadedServers run = new OverloadedServers(WHOLE, clients, tries, limit, queue).run();
        String recovery = run.recovery() == WHOLE[2] ? "never" : run.recovery() + " s";
        return String.format(Locale.ROOT, "%.0f %%, %s", 100 * run.goodput(), recovery);
    }
}
