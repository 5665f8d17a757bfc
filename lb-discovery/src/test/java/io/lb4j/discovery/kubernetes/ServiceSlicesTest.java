package io.lb4j.discovery.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.lb4j.discovery.internal.JsonCalls;
import io.lb4j.discovery.internal.ReadAndFollow;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is made of the lines of a watch. */
class ServiceSlicesTest {
    private final JsonCalls calls =
            new JsonCalls("Kubernetes", JsonCalls.url("http://127.0.0.1:1"), request -> {}, null);
    private final ServiceSlices slices = new ServiceSlices(
            calls,
            ServiceName.parse("orders", "shop"),
            new SliceMerger.Rules(false, false, null, null),
            Duration.ofSeconds(1),
            Duration.ofSeconds(60));

    private final List<String> heard = new ArrayList<>();

    @AfterEach
    void close() {
        calls.close();
    }

    private void line(String text) throws JsonProcessingException {
        slices.line(new ObjectMapper().readTree(text.replace('\'', '"')), new ReadAndFollow.Stream() {
            @Override
            public void works() {
                heard.add("works");
            }

            @Override
            public void changed() {
                heard.add("changed");
            }

            @Override
            public void end(IOException why) {
                heard.add("end: " + why.getMessage());
            }
        });
    }

    private String asksFrom() {
        return slices.follow().request().build().url().queryParameter("resourceVersion");
    }

    /** Whether the server ends the stream then or not. */
    @Test
    void error_endsTheStream() throws JsonProcessingException {
        line("{'type':'ADDED','object':{'metadata':{'name':'a','resourceVersion':'7'}}}");
        line("{'type':'ERROR','object':{'kind':'Status','code':410,'message':'too old resource version',"
                + "'metadata':{'resourceVersion':'9'}}}");

        assertThat(heard)
                .containsExactly(
                        "changed", "end: Kubernetes http://127.0.0.1:1: answered 410: too old resource version");
        assertThat(asksFrom()).isEqualTo("7");
    }

    @Test
    void bookmark_isNoChange_andMovesTheVersion() throws JsonProcessingException {
        line("{'type':'BOOKMARK','object':{'kind':'EndpointSlice','metadata':{'resourceVersion':'12'}}}");

        assertThat(heard).isEmpty();
        assertThat(asksFrom()).isEqualTo("12");
    }

    @Test
    void whatNoServerSays_isRefused() {
        assertThatThrownBy(() -> line("{'type':'CHANGED','object':{}}"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("event of type 'CHANGED' (expected: ADDED, MODIFIED, DELETED, BOOKMARK or ERROR)");
    }
}
