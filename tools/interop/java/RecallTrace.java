import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import org.apache.rocketmq.client.consumer.DefaultMQPullConsumer;
import org.apache.rocketmq.client.consumer.PullResult;
import org.apache.rocketmq.client.exception.MQBrokerException;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.client.trace.TraceContext;
import org.apache.rocketmq.client.trace.TraceDataEncoder;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageAccessor;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;

/**
 * Recalls with trace, one that succeeds and one that the broker refuses; and the traces of recalls in the trace topic.
 * Arguments: recall nameServer topic group brokerName; prints "recalled ID" and "refused CODE"
 *        or: read nameServer; prints "trace REGION GROUP TOPIC ID SUCCESS KEYS..."
 */
public class RecallTrace {
    static int run(String[] args) throws Exception {
        if (args[0].equals("recall")) {
            recall(args[1], args[2], args[3], args[4]);
        } else {
            read(args[1]);
        }
        return 0;
    }

    private static void recall(String nameServer, String topic, String group, String brokerName) throws Exception {
        // Else recalls leave no trace.
        System.setProperty("com.rocketmq.recall.default.trace.enable", "true");
        DefaultMQProducer producer = Producers.start(new DefaultMQProducer(group, true, null), nameServer);
        Producers.awaitRoute(producer, topic);
        Message message = new Message(topic, "x".getBytes(StandardCharsets.UTF_8));
        MessageAccessor.putProperty(message, "TIMER_DELAY_SEC", "3600");
        SendResult result = producer.send(message);
        // Both are of 5.3.2; this program is compiled for 4.9.7 as well.
        String handle = (String) SendResult.class.getMethod("getRecallHandle").invoke(result);
        System.out.println("recalled " + call(producer, topic, handle));
        String other = "v1 " + topic + "-other " + brokerName + " 1800000000000 refused-of-" + group;
        try {
            call(producer, topic, Base64.getUrlEncoder().encodeToString(other.getBytes(StandardCharsets.UTF_8)));
        } catch (java.lang.reflect.InvocationTargetException refused) {
            System.out.println("refused " + ((MQBrokerException) refused.getCause()).getResponseCode());
        }
        producer.shutdown();
    }

    private static Object call(DefaultMQProducer producer, String topic, String handle) throws Exception {
        return DefaultMQProducer.class.getMethod("recallMessage", String.class, String.class)
            .invoke(producer, topic, handle);
    }

    private static void read(String nameServer) throws Exception {
        DefaultMQPullConsumer consumer = new DefaultMQPullConsumer("trace-reader");
        consumer.setNamesrvAddr(nameServer);
        consumer.setInstanceName("reader-" + System.nanoTime());
        consumer.start();
        for (MessageQueue queue : consumer.fetchSubscribeMessageQueues("RMQ_SYS_TRACE_TOPIC")) {
            long end = consumer.maxOffset(queue);
            for (long offset = consumer.minOffset(queue); offset < end; ) {
                PullResult pulled = consumer.pull(queue, "*", offset, 32);
                offset = pulled.getNextBeginOffset();
                List<MessageExt> found = pulled.getMsgFoundList();
                if (found == null) {
                    continue;
                }
                for (MessageExt message : found) {
                    String data = new String(message.getBody(), StandardCharsets.UTF_8);
                    for (TraceContext trace : TraceDataEncoder.decoderFromTraceDataString(data)) {
                        if (trace.getTraceType().name().equals("Recall")) {
                            System.out.println(String.join(" ", "trace", trace.getRegionId(), trace.getGroupName(),
                                trace.getTraceBeans().get(0).getTopic(), trace.getTraceBeans().get(0).getMsgId(),
                                String.valueOf(trace.isSuccess()), message.getKeys()));
                        }
                    }
                }
            }
        }
        consumer.shutdown();
    }
}
