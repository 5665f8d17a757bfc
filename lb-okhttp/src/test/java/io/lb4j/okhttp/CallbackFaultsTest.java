package io.lb4j.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.lb4j.Outcome;
import java.io.IOException;
import java.util.function.UnaryOperator;
import okhttp3.Request;
import okhttp3.Response;
import org.junit.jupiter.api.Test;

/** What the application's own functions do wrong must not cost a call, an answer's connection, or an instance's count. */
class CallbackFaultsTest extends Fixture {

    private LoadBalancedClient judgedBy(OutcomeClassifier classifier) {
        return closing(lb(base(Wire.H1).build())
                .service("orders", settings -> settings.outcomeClassifier(classifier))
                .build());
    }

    @Test
    void classifier_returningNull_leavesItToTheDefault() throws Exception {
        orders(backend("a", Wire.H1).answersStatus(500), backend("b", Wire.H1));
        LoadBalancedClient client = judgedBy(response -> nothing());

        assertThat(body(client, get(Wire.H1))).isEqualTo("b");
        assertCounted(client, "a", 1, 1);
        assertCounted(client, "b", 1, 0);
    }

    @SuppressWarnings({"NullAway", "DataFlowIssue"}) // what a caller without a null checker returns
    private static Outcome nothing() {
        UnaryOperator<Outcome> identity = UnaryOperator.identity();
        return identity.apply(null);
    }

    @Test
    void classifier_throwingAnError_leavesItToTheDefault() throws Exception {
        Backend b = backend("b", Wire.H1);
        discovery.set("orders", RetryTest.refusing("a"), b.instance());
        LoadBalancedClient client = judgedBy(new OutcomeClassifier() {
            @Override
            public Outcome ofResponse(Response response) {
                throw new NoClassDefFoundError("Missing");
            }

            @Override
            public Outcome ofFailure(IOException error, Outcome proposed) {
                throw new NoClassDefFoundError("Missing");
            }
        });

        assertThat(body(client, get(Wire.H1))).isEqualTo("b");
        assertCounted(client, "a", 1, 1);
        assertCounted(client, "b", 1, 0);
    }

    @Test
    void affinityKey_throwingAnError_leavesTheCallWithoutOne() throws Exception {
        orders(backend("a", Wire.H1));
        LoadBalancedClient client = closing(lb(base(Wire.H1).build())
                .service(
                        "orders",
                        settings -> settings.affinity(request -> {
                            throw new StackOverflowError();
                        }))
                .build());

        assertThat(body(client, get(Wire.H1))).isEqualTo("a");
    }

    @Test
    void service_namedByWhatIsNoAddress_leavesNothingInFlight() {
        Backend a = backend("a", Wire.H1);
        discovery.set("999.1.1.1", a.instance());
        LoadBalancedClient client =
                closing(lb(base(Wire.H1).build()).service("999.1.1.1").build());

        assertThatExceptionOfType(Exception.class)
                .isThrownBy(() -> body(
                        client, new Request.Builder().url("http://999.1.1.1/").build()));

        assertThat(client.balancer("999.1.1.1").instances())
                .allSatisfy(each -> assertThat(each.inFlight()).isZero());
    }
}
