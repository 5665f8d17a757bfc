package io.lb4j.balancer;

import static io.lb4j.balancer.Interleavings.check;

import io.lb4j.PickRequest;
import io.lb4j.Subset;
import io.lb4j.testing.VirtualTime;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.jetbrains.lincheck.datastructures.Operation;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Subsets that are declared and taken back while calls ask for them, under Lincheck's model checker. */
@Tag("lincheck")
@Timeout(value = 4, unit = TimeUnit.MINUTES) // seconds of work, but on a busy machine they stretch
final class SubsetLincheckTest {
    @Test
    void callsWithinSubsets_underEveryInterleaving_knowWhatIsKnownOfAll() {
        Interleavings.explore(OneHealth.class);
    }

    /**
     * The lane publishes one moment after the other, each with its number. Who was told of an ejection, by a report or by a call to any
     * instance, and then calls within a subset, must not be sent by a view from before it; whether the subset is declared, was
     * just taken back, or never was.
     */
    public static final class OneHealth {
        private static final Subset CANARY = Subset.of("version", "canary");
        private static final PickRequest WITHIN = PickRequest.plain().within(CANARY);

        private final Outlook outlook = new Outlook("orders", "discovery", new VirtualTime(), new SplittableRandom(1));
        private int moment;

        /** Lincheck makes it, for each order anew. */
        public OneHealth() {
            declare();
        }

        private static Outlook.View moment(int number) {
            return new Outlook.View(null, null, null, String.valueOf(number));
        }

        private static int number(Outlook.View view) {
            return Integer.parseInt(String.valueOf(view.unknownDetail()));
        }

        @Operation(nonParallelGroup = "lane")
        public void declare() {
            Outlook.View next = moment(++moment);
            outlook.publish(next, Map.of(CANARY, moment(moment)), false);
        }

        @Operation(nonParallelGroup = "lane")
        public void takeBack() {
            outlook.publish(moment(++moment), Map.of(), false);
        }

        @Operation
        public void call() {
            int known = number(outlook.view());
            int within = number(outlook.view(WITHIN));
            check(within >= known, "a call within the subset by moment " + within + " after " + known + " was seen");
        }

        @Operation
        public void callTwice() {
            int first = number(outlook.view(WITHIN));
            int second = number(outlook.view(WITHIN));
            check(second >= first, "moment " + second + " after " + first);
        }
    }
}
