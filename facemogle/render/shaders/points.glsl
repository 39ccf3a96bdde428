// Points of the skin, stored by skin_points.frag. Stands in for varyings.glsl.
vec3 place, normal, soft, rest;
vec2 uv;
vec4 traits;
vec2 stain;
vec3 in_key;
uniform sampler2D places, normals, marks, averages;

void look_up() {
  ivec2 pixel = ivec2(gl_FragCoord.xy);
  vec4 n = texelFetch(normals, pixel, 0), m = texelFetch(marks, pixel, 0);
  vec4 a = texelFetch(averages, pixel, 0);
  place = texelFetch(places, pixel, 0).xyz;
  normal = n.xyz;
  uv = m.xy;
  stain = m.zw;
  rest = a.xyz;
  traits = vec4(fract(a.w), step(1., a.w), n.w, 0.);
  soft = soft_light(normal, n.w);
  in_key = (key_camera * vec4(place + normal * .012, 1.)).xyz;
}
