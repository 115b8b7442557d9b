import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/**
 * Sends messages and consumes a topic until it has seen enough, both with trace. Prints "sent ID" and "got ID BODY TOPIC".
 * Arguments: nameServer topic group namespace (or -, or unit:NAME) model (CLUSTERING | BROADCASTING) sendCount receiveCount.
 * In a unit it prints "client ID", too.
 */
public class Traced {
    static int run(String[] args) throws Exception {
        String unit = args[3].startsWith("unit:") ? args[3].substring("unit:".length()) : null;
        String namespace = unit != null || args[3].equals("-") ? null : args[3];
        int receiveCount = Integer.parseInt(args[6]);
        DefaultMQProducer producer = new DefaultMQProducer(args[2], true, null);
        producer.setNamespace(namespace);
        producer.setUnitName(unit);
        Producers.start(producer, args[0]);
        for (int i = 0; i < Integer.parseInt(args[5]); i++) {
            Message message = new Message(args[1], "TagJ", "keyJ" + i, ("java " + i).getBytes(StandardCharsets.UTF_8));
            System.out.println("sent " + producer.send(message).getMsgId());
        }
        CountDownLatch seen = new CountDownLatch(receiveCount);
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(args[2], true, null);
        consumer.setNamesrvAddr(args[0]);
        consumer.setNamespace(namespace);
        consumer.setUnitName(unit);
        consumer.setUnitMode(unit != null);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        if (args[4].equals("BROADCASTING")) {
            consumer.setInstanceName("interop");
            consumer.setClientIP("127.0.0.1");
        }
        setModel(consumer, args[4]);
        consumer.subscribe(args[1], "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            for (MessageExt message : messages) {
                String body = new String(message.getBody(), StandardCharsets.UTF_8);
                System.out.println("got " + message.getMsgId() + " " + body + " " + message.getTopic());
                seen.countDown();
            }
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        if (receiveCount > 0) {
            consumer.start();
        }
        if (unit != null) {
            System.out.println("client " + producer.buildMQClientId());
            System.out.println("client " + consumer.buildMQClientId());
        }
        boolean all = seen.await(90, TimeUnit.SECONDS);
        // The offset of the last message counts, and its trace is taken, a moment after the listener returned; closing does not
        // wait for trace that 4.9.7 has taken and not sent.
        Thread.sleep(2500);
        if (receiveCount > 0) {
            consumer.shutdown();
        }
        producer.shutdown();
        return all ? 0 : 3;
    }

    /** MessageModel lives in another package in each line of releases. */
    @SuppressWarnings({"unchecked", "rawtypes"})
    private static void setModel(DefaultMQPushConsumer consumer, String model) throws Exception {
        for (Method method : DefaultMQPushConsumer.class.getMethods()) {
            if (method.getName().equals("setMessageModel")) {
                method.invoke(consumer, Enum.valueOf((Class) method.getParameterTypes()[0], model));
            }
        }
    }
}
